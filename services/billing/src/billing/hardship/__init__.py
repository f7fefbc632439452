"""Households that run out of money and go without: seen early, and shown to a person."""
