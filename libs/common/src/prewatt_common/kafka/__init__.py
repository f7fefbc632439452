"""Kafka: the consume loop, the producer and the outbox relay, each written once."""
