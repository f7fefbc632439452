"""Fixtures of these tests."""

from oracle_beside import oracle, scenarios

__all__ = ["oracle", "scenarios"]
