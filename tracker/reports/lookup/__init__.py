"""Persons and messages, found and looked at: a page at a time."""
