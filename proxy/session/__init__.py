"""One client's SMTP session."""
