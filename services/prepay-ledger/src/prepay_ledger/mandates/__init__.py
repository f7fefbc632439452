"""Automatic top-up: what customers have agreed to, and the requests that follow from it."""
