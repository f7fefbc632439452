"""``prewatt scenario``: a whole case through the pure libraries, without a stack."""
