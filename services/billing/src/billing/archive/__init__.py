"""All readings as Parquet files, written once each, merged as days end."""
