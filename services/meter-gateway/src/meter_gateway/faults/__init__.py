"""Meters that send what cannot be used."""
