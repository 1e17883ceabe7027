"""What `make bench-scale` measures: SQLite, and PostgreSQL with one and with two nodes."""
