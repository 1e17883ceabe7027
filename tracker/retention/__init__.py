"""Letting go of what is old: what goes, and by what time."""
