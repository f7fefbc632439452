"""What a meter's register rose by, by slice of local time, from the archive."""
