"""What operators write (configuration, keys), what they see (log, metrics), and running a service."""
