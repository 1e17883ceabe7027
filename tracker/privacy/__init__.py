"""What is kept of readers: less than they showed, and for how long it may be compared."""
