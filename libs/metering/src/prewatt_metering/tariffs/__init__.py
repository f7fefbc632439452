"""What a utility publishes: tariff documents, in versions, each from a local date."""
