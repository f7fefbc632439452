"""Measures of the whole system on real parts."""
