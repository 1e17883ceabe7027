"""Moving a store from a file of SQLite to a server: copied, resumed, compared."""
