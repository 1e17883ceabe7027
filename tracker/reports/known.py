"""Whether the store knows what a question is about: a campaign, a person, a link.

Owns: finding what was named, and saying that nothing is called so, with what is called nearly so: an
answer of no rows would look like the answer that nobody clicked.
Does not own: the answers (`summary`, `clicks`, `activity`), or under which names a person stands
(`tracker.store.rows.persons`).
"""

from collections.abc import Iterable
from difflib import get_close_matches

from tracker.reports import names
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.reserved import RESERVED_NAME
from tracker.store.rows import persons

NEAR = 3
"""Names that are offered instead of one that nothing has."""

_NOT_YET = "; one that only a single message had is known once it was clicked"

COMPARED = 2_000
"""Names, the latest, that are looked through for near ones: some 50 µs each."""

_LINK = (
    "SELECT 1 FROM links WHERE name = :link UNION ALL SELECT 1 FROM links WHERE url = :link LIMIT 1"
)
_CAMPAIGNS = "SELECT name FROM campaigns WHERE name IS NOT NULL ORDER BY id DESC LIMIT :most"
_LINKS = "SELECT name FROM links ORDER BY id DESC LIMIT :most"
_PERSONS = "SELECT name FROM persons ORDER BY id DESC LIMIT :most"


class Unknown(LookupError):
    """Nothing is called so; the text says it, and what is called nearly so, else `why` that may be.

    `kind` is what was asked for, as "campaign".
    """

    def __init__(self, kind: str, name: str, near: Iterable[str], why: str = "") -> None:
        self.kind, self.near = kind, tuple(near)
        offered = " or ".join(f'"{each}"' for each in self.near)
        hint = f"; did you mean {offered}?" if offered else why
        super().__init__(f'no {kind} "{name}" is known{hint}')


def campaign(db: Db, name: str | None) -> None:
    """Raise Unknown where no campaign is called so, with clicks or without; None asks for all."""
    if name is not None and not names.campaigns(db, name):
        raise Unknown("campaign", name, _near(db, _CAMPAIGNS, name))


def link(db: Db, name: str | None) -> None:
    """Raise Unknown where no link has this name or URL; None asks for all."""
    if name is not None and not db.execute(_LINK, {"link": name}).fetchall():
        raise Unknown("link", name, _near(db, _LINKS, name), _NOT_YET)


def person(db: Db, name: str) -> list[str]:
    """Return the names and addresses that are one person's, as they stand in the store.

    Raises Unknown where there are none.
    """
    found = persons.written_alike(db, name)
    if not found:
        raise Unknown("person", name, _near(db, _PERSONS, name))
    return found


def _near(db: Db, query: str, name: str) -> list[str]:
    """Return the names that read nearly so, the nearest first, whatever their case."""
    rows = db.execute(query, {"most": COMPARED})
    known = {stored.lower(): Name.of(stored).text or "" for (stored,) in rows}
    known.pop(RESERVED_NAME.lower(), None)
    return [known[each] for each in get_close_matches(name.lower(), known, NEAR)]
