"""Codes by which somebody at the site closes a relay that nobody reaches, and who has read them."""
