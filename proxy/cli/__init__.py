"""The commands over mail: proxy, explain, rewrite."""
