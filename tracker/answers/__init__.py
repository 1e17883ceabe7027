"""Answers of the admin listener: JSON that no cache keeps, and one for each kind of error."""
