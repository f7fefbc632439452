"""Acts that one person proposes and another approves, before anything of them is done."""
