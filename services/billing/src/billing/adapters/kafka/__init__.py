"""Kafka, beyond the consume loop."""
