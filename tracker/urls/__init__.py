"""What a destination is: its host, its secrets, what may be added to it, what it is called."""
