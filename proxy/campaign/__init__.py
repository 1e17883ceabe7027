"""What a message counts for: its campaign, made of its subject without what is the reader's."""
