"""Files of transfers: how a bank pays refunds to customers, and what it answers."""
