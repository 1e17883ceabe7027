"""From the TOML file to a checked configuration, or to every problem with its line."""
