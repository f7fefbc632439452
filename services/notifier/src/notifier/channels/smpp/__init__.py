"""SMS to an SMS centre over SMPP 3.4."""
