"""Lists of all there is, some rows at a time, for programs."""
