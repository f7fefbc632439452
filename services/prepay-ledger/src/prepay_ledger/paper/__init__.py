"""What is handed to a customer on paper."""
