"""A store of size, made by bulk, and what it is asked: questions, pages, calls of the API, new events."""
