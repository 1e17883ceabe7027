"""The commands by which people decide: over links, consents, persons and access."""
