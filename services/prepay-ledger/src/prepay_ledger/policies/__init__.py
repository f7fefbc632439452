"""By what rules supply is cut and comes back: published versions, and who is protected."""
