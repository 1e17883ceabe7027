"""The machines that share a database: who they are, and what each of them says to all."""
