"""The store in a file of SQLite: opened, its tables, and what takes its place."""
