"""How customers are reached: language, addresses, channels in order of preference."""
