"""Every event for other systems, as a line of JSON: sent to a URL, or printed."""
