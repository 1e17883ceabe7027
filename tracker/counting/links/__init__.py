"""Which link a click counts for: links as reports list them, those that are each reader's own, and clicks that move."""
