"""What a person in the field brought to a customer's door, with a photo, place and time."""
