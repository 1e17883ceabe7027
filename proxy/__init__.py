"""The SMTP proxy: rewrites the links of a message on its way to the relay."""
