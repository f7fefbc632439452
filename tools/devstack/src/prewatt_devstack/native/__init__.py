"""The parts as processes from packages, one file a part."""
