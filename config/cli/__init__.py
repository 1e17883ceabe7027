"""The commands over the configuration: init, check, show, dns, keys."""
