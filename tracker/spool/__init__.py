"""Events on disk before they are answered."""
