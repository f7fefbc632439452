"""What we use of smpplib, which ships no types: its codec, and not its client."""
