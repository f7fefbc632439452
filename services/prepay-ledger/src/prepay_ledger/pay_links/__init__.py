"""Pay links: somebody without a login pays to an account."""
