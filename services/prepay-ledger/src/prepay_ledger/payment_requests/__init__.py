"""Payment requests: how a provider is asked for money, and what its answer means."""
