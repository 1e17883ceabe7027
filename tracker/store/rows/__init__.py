"""Rows that others point at or look up: named ones, persons, slots of links, and sets of who clicked."""
