"""What a destination is: its host, what may be added to it, what it is called, how its host is told who clicked."""
