"""From the spool to the store, exactly once, and what is counted on the way."""
