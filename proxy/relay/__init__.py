"""The relay: a session with it, kept over a client's session."""
