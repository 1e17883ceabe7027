"""Where and when work on messages is done, so that no session waits long for another."""
