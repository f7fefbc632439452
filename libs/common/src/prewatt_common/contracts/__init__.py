"""Contracts: what crosses a boundary. One file a topic, named with its version."""
