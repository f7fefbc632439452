"""SMS by any gateway that takes them by HTTP, as a document describes it."""
