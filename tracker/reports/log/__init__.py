"""The log of clicks: those that fit a filter, page by page."""
