"""The store on a server that several nodes share: its tables, and opening it."""
