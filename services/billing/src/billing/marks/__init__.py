"""What has moved since it was compared last."""
