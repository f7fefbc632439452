"""From intervals to days and slots, and to demand. See README.md of this room."""
