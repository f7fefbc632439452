"""Which accounts fit what somebody asks for: numbers of accounts, and nothing of a person."""
