"""What keeps a store from being moved.

Owns: the error, whose text says what to do.
Does not own: what engines raise (`tracker.sql.errors`, `tracker.store.opened`).
"""


class CannotMove(Exception):
    """The store cannot be copied; the text says why, and the cure."""
