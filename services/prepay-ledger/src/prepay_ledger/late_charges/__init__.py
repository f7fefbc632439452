"""What statements of post-paid accounts cost that are not paid in time, day by day."""
