"""Pages for people at the admin listener, made by the server; they work without scripts."""
