"""What is kept of messages tells nothing of whoever is forgotten, tracked mail or not."""

from dataclasses import replace

from tests.support.checks.facts import empty, pending, put
from tests.support.checks.people import ANN, IDENTIFIER
from tests.support.details import SENT_S, handled
from tests.support.engines import engine, gives_back
from tracker.details import feed, lookup
from tracker.erasure import details, rows
from tracker.erasure.patterns import PersonPatterns
from tracker.events import Recipient
from tracker.store.keys import MessageKey

__all__ = ["engine", "gives_back"]


def test_details_of_a_persons_mail_go_and_others_stay() -> None:
    """Those of tracked copies by their number, of other mail by its recipient; texts are rewritten."""
    db = empty()
    put(db, replace(pending("00000000000000aa"), sent_s=SENT_S))
    to_bob = Recipient(1, "bob@example.net")
    events = [
        *(handled(1), handled(2)),
        replace(handled(1, Recipient(1, ANN)), message_id="bb"),
        replace(handled(1, to_bob), message_id="cc", sender=ANN, subject=f"From {ANN}"),
    ]
    feed.feed(db, events, 0)
    person = rows.find(db, ANN)
    assert details.forget(db, person, PersonPatterns.of(person.names, IDENTIFIER)) == 4
    left = [
        lookup.copies(db, MessageKey.of(SENT_S, name)) for name in ("00000000000000aa", "bb", "cc")
    ]
    assert [[copy.number for copy in copies] for copies in left] == [[2], [], [1]]
    assert (left[2][0].sender, left[2][0].subject) == ("erased", "From erased")
    assert details.forget(db, person, PersonPatterns.of(person.names, IDENTIFIER)) == 0
    tables = ("details", "detail_texts", "detail_recipients")
    assert ANN not in str([list(db[table].rows) for table in tables])
