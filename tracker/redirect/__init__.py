"""The public side: from a reader's request to a click on disk and a redirect."""
