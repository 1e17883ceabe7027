"""The database, whatever engine holds it: what the store in a file and the one on a server share."""
