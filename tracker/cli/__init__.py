"""The commands over clicks, links and persons."""
