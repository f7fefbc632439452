"""All readings there are, packed by meter and day."""
