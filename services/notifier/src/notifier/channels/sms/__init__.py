"""SMS through Kannel, or a gateway that speaks its interface."""
