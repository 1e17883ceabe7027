"""The pages, a module each: what may be asked of one, and what it shows."""
