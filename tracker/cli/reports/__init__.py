"""The commands that answer a question, and change nothing: figures, messages, persons, links, requests."""
