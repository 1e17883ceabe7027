"""The store is fed from the spool, and webhooks are told, in a process of its own."""
