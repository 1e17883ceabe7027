"""Tracked links on request, for what is not sent through the proxy."""
