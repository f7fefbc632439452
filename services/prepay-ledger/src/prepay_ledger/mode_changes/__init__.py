"""An account changes between prepaid and post-paid."""
