"""What payment providers' settlement files say, in our words."""
