"""Posting days: turned, sealed, proven."""
