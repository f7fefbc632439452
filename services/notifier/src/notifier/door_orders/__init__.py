"""A person is sent to the door with a notice that reached nobody."""
