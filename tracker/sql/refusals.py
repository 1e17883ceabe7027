"""Why a server refuses a connection: its code, by what it says.

Owns: the words, in English. It is sans-IO.
Does not own: connecting (`postgresql`), or what a code means to people (`tracker.store.opened`).

A server sends a code with its words (SQLSTATE; PostgreSQL's manual, appendix A), but until there is a
connection, its client library gives on the words alone. A server that speaks another language is understood by
people only.
"""

import re
from collections.abc import Mapping

_CODES: Mapping[str, re.Pattern[str]] = {
    "28P01": re.compile(r"password authentication failed|no password supplied"),
    "28000": re.compile(
        r'role "[^"]*" (?:does not exist|is not permitted to log in)|no pg_hba\.conf entry'
        r"|(?:Peer|Ident|certificate|GSSAPI|LDAP|PAM|RADIUS) authentication failed"
    ),
    "3D000": re.compile(r'database "[^"]*" does not exist'),
    "42501": re.compile(r"permission denied for database"),
    "53300": re.compile(r"too many (?:clients|connections)|remaining connection slots"),
    "57P03": re.compile(r"the database system is (?:starting up|shutting down|not yet accepting)"),
}


def code_of(said: str) -> str:
    """Return the SQLSTATE of a connection that was refused; "" where it is not known."""
    return next((code for code, words in _CODES.items() if words.search(said)), "")
