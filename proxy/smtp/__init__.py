"""The SMTP protocol as values: replies, envelope, extensions, DATA."""
