"""The commands by which a store and what is around it are kept: copied, moved, cleared, watched."""
