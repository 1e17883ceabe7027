"""The tracker as a whole, from start to stop, and what a reload changes in it."""
