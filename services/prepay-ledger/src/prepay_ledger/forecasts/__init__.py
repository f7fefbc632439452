"""When accounts' money will probably end, and by when they had better buy."""
