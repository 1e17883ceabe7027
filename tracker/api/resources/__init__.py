"""The resources of the API, a module each: what is asked of it, and what it answers."""
