"""What operators see: log events and metrics, each declared once."""
