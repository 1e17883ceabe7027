"""Which messages and which links are tracked, and the reason for each decision."""
