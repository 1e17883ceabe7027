"""A message as people see it, harmless, with what its links did drawn on it."""
