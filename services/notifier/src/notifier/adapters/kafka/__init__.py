"""What Kafka still has for us."""
