"""The gateway's own PostgreSQL database: devices and commands."""
