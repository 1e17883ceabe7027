"""How Waypost knows itself when a configured relay turns out to be Waypost.

Owns: the mark that stands in our greeting, and finding it in a relay's greeting.
Does not own: the greeting's wording (`replies`), or refusing such a relay (`dial`).

The mark is drawn once for a process and inherited by its workers, so that each knows the others.
"""

import secrets

MARK = secrets.token_hex(8)
"""Stands at the end of every greeting of ours."""


def is_ourselves(greeting: str) -> bool:
    """Tell whether the relay that greets like this is this very Waypost."""
    return MARK in greeting
