"""What customers have signed: without it nobody is cut by itself."""
