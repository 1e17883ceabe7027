"""`waypost demo`: the whole thing in a temporary folder, with weeks of mail behind it."""
