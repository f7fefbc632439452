"""Calls that speak a notice, by a gateway over HTTP that a document describes."""
