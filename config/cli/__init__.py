"""The commands that work on the configuration and its keys: init, check, show, dns, keys."""
