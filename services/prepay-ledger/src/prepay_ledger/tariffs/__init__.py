"""Tariff versions."""
