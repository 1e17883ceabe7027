"""Dialects: whose conventions Waypost understands, and the words that all of them share.

Owns: the name of our own dialect, and the words for on and off.
Does not own: the conventions of links (`link_conventions`) and of messages (`header_conventions`), or
the names of other dialects (`config.schema`).
"""

from typing import Final

NATIVE: Final = "waypost"
"""The dialect of our own names. It is always on."""

ON = frozenset({"on", "yes", "true", "1"})
OFF = frozenset({"off", "no", "false", "0"})
