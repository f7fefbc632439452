"""Readings and the terms they are rated by, taken in any order, kept as meter-months."""
