"""Anybody asks whether a notice that they got is ours."""
