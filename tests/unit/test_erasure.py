"""A person is forgotten: the store, the spool and the list of consents tell nothing of them."""

import json
import os
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.support.facts import SENT_S, accepted, clicked, pending, put, totals
from tracker import consents, redaction, reports, segments
from tracker.consents import Consent
from tracker.erasure import Erased, find, forget
from tracker.events import MessagePending, Recipient, SentLink, decode, encode
from tracker.identify import Identifier
from tracker.needles import Needles

ANN = "ann@example.net"
IDENTIFIER = Identifier("wp_id", bytes(32))
ANNS_ID = IDENTIFIER.hashed(ANN)
PERSONAL = f"https://shop.example.net/?mail=Ann%40example.net&wp_id={ANNS_ID}"


def erased(db: Database, name: str = "ann@Example.NET") -> Erased:
    """Forget somebody."""
    with db.atomic():
        return forget(db, find(db, name), IDENTIFIER)


def everything(db: Database) -> str:
    """Give all that a store holds."""
    return json.dumps([list(table.rows) for table in db.tables], default=str).lower()


@pytest.fixture
def known(db: Database) -> Database:
    """Give a store in which two persons clicked."""
    put(db, pending(), accepted())
    put(db, clicked("c1", destination=PERSONAL, link=9, ip="192.0.2.0"))
    put(db, clicked("c2", recipient=2), clicked("c3"))
    return db


def test_nothing_tells_of_the_person_any_more(known: Database):
    """Neither names nor URLs; others stay, and the figures do."""
    before = reports.report(known).json()
    assert ANNS_ID.lower() in everything(known)
    assert erased(known) == Erased(persons=1, deliveries=1, clicks=2, urls=2)
    left = everything(known)
    assert not any(each in left for each in ("ann", ANNS_ID.lower(), "192.0.2.0"))
    assert "bob@example.net" in left
    after = reports.report(known).json()
    assert after["totals"] == before["totals"]
    assert after["campaigns"] == before["campaigns"]
    assert list(reports.activity(known, ANN)) == []


def test_it_may_be_done_again(known: Database):
    """There is nothing left then."""
    erased(known)
    assert erased(known) == Erased()


def test_later_clicks_count_as_nobodys(known: Database):
    """Also after the message's own event came again; nothing of who clicked is kept."""
    erased(known)
    before = totals(known)
    put(known, clicked("c4", destination=PERSONAL, ip="192.0.2.0"), pending(), accepted())
    after = totals(known)
    assert after.clicks_all == before.clicks_all + 1
    assert (after.unique_all, after.recipients) == (before.unique_all, before.recipients)
    left = everything(known)
    assert not any(each in left for each in ("ann", ANNS_ID.lower(), "192.0.2.0"))


def test_new_mail_is_to_somebody_new(known: Database):
    """Erasure is no opt-out: that is what consents are for."""
    erased(known)
    put(known, pending("m2"), accepted("m2"), clicked("c4", "m2"))
    assert [row["event"] for row in reports.activity(known, ANN)] == ["clicked", "sent"]


def test_an_own_id_and_its_addresses_are_one_person(db: Database):
    """Either name is enough; an id counts in their own URLs only, and as a whole value."""
    named = (Recipient(1, ANN, "7"), Recipient(2, "bob@example.net", "77"))
    for name in ("7", ANN):
        put(db, pending(name, recipients=named), accepted(name))
        put(db, pending(f"{name}x"), accepted(f"{name}x"))
        put(db, clicked(f"{name}1", name, link=8, destination="https://example.net/?p=7&q=77"))
        put(db, clicked(f"{name}2", name, link=9, destination="https://example.net/7", recipient=2))
        assert erased(db, name).persons == 2
        assert {row["name"] for row in db["persons"].rows} == {"77", "bob@example.net"}
    found = {row["destination"] for row in db["clicks"].rows}
    assert found == {"https://example.net/?p=e&q=77", "https://example.net/7"}


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("https://example.net/?m=ANN@example.net&x", "https://example.net/?m=erased&x"),
        ("https://example.net/?u=a%3Dann%2540x", "https://example.net/?u=a%3Dann%2540x"),
        ("https://example.net/?u=%3Dann%40example%2Enet", "https://example.net/?u=%3Derased"),
        ("https://example.net/?m=joann@example.net", None),
        ("https://example.net/?m=ann@example.net.au", None),
        (f"https://example.net/{ANNS_ID}", "https://example.net/erased"),
    ],
)
def test_what_gives_somebody_away_in_a_url(url: str, without: str | None):
    """However it is encoded, and nothing that only looks like it."""
    assert Needles.of([ANN], IDENTIFIER).without(url) == (without or url)


def test_a_short_name_leaves_no_longer_url():
    """So that records of the spool keep their length."""
    assert Needles.of(["a@b"], IDENTIFIER).without("https://x/?a@b") == "https://x/?era"


# --- the spool


def test_fed_records_are_rewritten_in_place(tmp_path: Path):
    """Of the same length, each readable; what is not fed yet stays for the ingester."""
    events = [
        pending(links=(SentLink(1, PERSONAL, PERSONAL, "x"),)),
        accepted(),
        clicked("c1", destination=PERSONAL, ip="192.0.2.0"),
        clicked("c2", recipient=2),
    ]
    lines = [segments.frame(encode(each)) for each in events]
    path, descriptor = segments.create(tmp_path / "spool", "proxy")
    os.write(descriptor, b"".join([*lines, lines[0]]))
    os.close(descriptor)
    fed = {path.name: sum(map(len, lines))}
    needles = Needles.of([ANN], IDENTIFIER)
    assert redaction.redact(tmp_path / "spool", fed, [ANN], [], needles) == (2, 0)
    octets = path.read_bytes()
    assert octets[fed[path.name] :] == lines[0]
    kept = [decode(line[9:]) for line in octets.splitlines()[:4]]
    assert isinstance(kept[0], MessagePending)
    assert [to.address for to in kept[0].recipients] == ["", "bob@example.net"]
    assert kept[1:2] + kept[3:] == [events[1], events[3]]
    assert not any(each in octets[: fed[path.name]] for each in (b"ann@", ANNS_ID.encode()))
    assert redaction.redact(tmp_path / "spool", fed, [ANN], [], needles) == (0, 0)


def test_rewritten_records_make_nobody(db: Database):
    """Should the store be lost, and a segment be fed again."""
    nobody = Recipient(1, "")
    put(db, pending(recipients=(nobody,)), accepted("m1", 1), clicked("c1", destination=PERSONAL))
    assert (totals(db).recipients, totals(db).clicks_all, totals(db).unique_all) == (1, 1, 0)
    assert list(db["persons"].rows) == []


def test_damaged_records_are_masked(tmp_path: Path):
    """Nobody can read them, but for an eye."""
    file = tmp_path / "quarantine" / "proxy-1.log"
    file.parent.mkdir()
    file.write_bytes(b'\xff{"address": "ann@example.net"')
    assert redaction.redact(tmp_path, {}, [ANN], [], Needles.of([ANN], IDENTIFIER)) == (1, 0)
    assert file.read_bytes() == b'\xff{"address": "' + b"x" * len(ANN) + b'"'


# --- consents


def test_an_opt_out_outlives_the_person(tmp_path: Path):
    """As a hash, until they say something else."""
    file = consents.file_of(tmp_path / "waypost.db")
    assert consents.forget(file, [ANN]) == 0
    for who, level in ((ANN, Consent.FULL), (ANN, Consent.NONE), ("bob@example.net", Consent.NONE)):
        consents.record(file, who, level)
    assert consents.forget(file, [ANN, "4711"]) == 2
    assert consents.forget(file, [ANN, "4711"]) == 0
    text = file.read_text()
    assert "ann" not in text
    assert "bob" in text
    known = consents.load(file)
    assert (known.of("Ann@example.net"), known.of("c@example.net")) == (Consent.NONE, Consent.FULL)
    assert known.damaged == 0
    consents.record(file, ANN, Consent.ANONYMOUS)
    assert consents.load(file).of(ANN) is Consent.ANONYMOUS


def test_figures_of_days_stay(known: Database):
    """What was counted since a day is asked of rows, which are there, too; but nobody clicked."""
    erased(known)
    since = reports.report(known, since_s=SENT_S - 1).totals
    assert (since.messages, since.recipients, since.clicks_all) == (1, 2, 3)
