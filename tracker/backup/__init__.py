"""Backups: all that a store comes to, copied while services run, and put back."""
