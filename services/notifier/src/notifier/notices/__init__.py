"""What a customer is told: which notices an event calls for, and which it makes untrue."""
