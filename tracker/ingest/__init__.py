"""From the spool to the store, exactly once: who feeds it, from where, and what hinders that."""
