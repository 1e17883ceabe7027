"""What was taken for a machine's: by rule, by recipient domain, and examples."""
