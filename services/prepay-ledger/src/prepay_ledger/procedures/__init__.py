"""What the law asks for before a cut: procedures by version, and the evidence of their steps."""
