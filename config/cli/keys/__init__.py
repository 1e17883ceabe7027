"""`waypost keys`: make keys; list, rotate and revoke them."""
