"""The listeners of the proxy, in one process or several, from start to stop."""
