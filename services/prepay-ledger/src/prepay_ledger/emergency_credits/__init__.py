"""What a customer may use below zero once, and repays from the next top-up."""
