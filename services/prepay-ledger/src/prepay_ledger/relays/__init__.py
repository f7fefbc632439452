"""The relay of every meter: where it should be, where it is, and the next step between them."""
