"""The API for programs, `/api/v1`: what it does, and the document that describes it."""
