"""Signed events, payments and money in suspense."""
