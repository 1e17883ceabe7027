"""What operators write (TOML, keys) and what they see (logs, metrics)."""
