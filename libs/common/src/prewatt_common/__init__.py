"""What every Prewatt service shares: contracts, the Kafka loop, the database, the HTTP shell."""
