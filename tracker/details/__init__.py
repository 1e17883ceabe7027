"""What became of each message, kept beside the figures for whoever asks."""
