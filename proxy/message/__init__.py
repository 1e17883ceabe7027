"""A MIME message as offsets into its octets, and edits of them."""
