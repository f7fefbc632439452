"""Which tariff an account is charged by."""
