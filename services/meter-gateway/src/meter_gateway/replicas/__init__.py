"""The gateway's own replicas."""
