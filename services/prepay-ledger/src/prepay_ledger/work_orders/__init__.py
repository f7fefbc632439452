"""What somebody has to see to at a meter, until it is seen to."""
