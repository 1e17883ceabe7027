"""Who may ask the admin listener, and for what."""
