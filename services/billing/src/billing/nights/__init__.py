"""Every agreement with all its months, rated again each night from the archive. See README.md."""
