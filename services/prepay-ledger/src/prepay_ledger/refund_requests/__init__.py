"""Refund requests: providers are asked to give back what is refunded through them."""
