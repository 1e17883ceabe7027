"""Forgetting a person in what is kept of messages beside the figures.

Owns: which of it goes: all of mail to nobody else, and what names them in texts of other mail.
Does not own: those rows (`tracker.details`), or the other rows of a person (`rows`).
"""

from itertools import islice

from tracker.details import expiry
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.rows import Person
from tracker.store.chunks import Changeable, Pace, db_of


def forget(opened: Changeable, person: Person, patterns: PersonPatterns) -> int:
    """Delete the details of a person's mail, and take them out of texts; return how much was changed."""
    pace = Pace(expiry.CHUNK_ROWS)
    todo = iter(sorted(person.copies))
    changed = 0
    while copies := list(islice(todo, pace.size)):
        with pace.writing(opened) as db:
            changed += expiry.forget_copies(db, copies)
    for name in sorted(person.names):
        with pace.writing(opened) as db:
            changed += expiry.forget_recipient(db, name)
    return changed + _clean_texts(opened, patterns)


def _clean_texts(opened: Changeable, patterns: PersonPatterns) -> int:
    """Take a person out of texts, which are looked at without keeping others from writing."""
    changed, after = 0, 0
    while texts := expiry.texts(db_of(opened), after):
        after = texts[-1][0]
        clean = [(row, now) for row, text in texts if (now := patterns.without(text)) != text]
        if clean:
            with Pace(len(clean)).writing(opened) as db:
                expiry.rewrite_texts(db, clean)
        changed += len(clean)
    return changed
