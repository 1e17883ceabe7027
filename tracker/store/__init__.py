"""The database: its file, its tables, and how long rows are kept."""
