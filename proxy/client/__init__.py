"""The client at the other end: its connection, who it is, and its logins."""
