"""What people decided and what stands: the terms that readings are rated by."""
