"""What a click costs."""
