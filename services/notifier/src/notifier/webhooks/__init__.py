"""Other systems are told what happened to accounts, by signed webhooks."""
