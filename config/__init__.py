"""What operators write (configuration, keys) and what they see (log events, metrics)."""
