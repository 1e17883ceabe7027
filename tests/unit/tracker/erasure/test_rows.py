"""A person is forgotten: neither the store nor the spool tells anything of them."""

import json
import os
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put, totals
from tracker.erasure import spool
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.rows import Erased, find, forget
from tracker.erasure.spool import Traces
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink, decode, encode
from tracker.reports import clicks
from tracker.spool import segments
from tracker.urls.reader_id import Identifier

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
    before = clicks.report(known).json()
    assert ANNS_ID.lower() in everything(known)
    assert erased(known) == Erased(persons=1, deliveries=1, clicks=2, urls=2)
    left = everything(known)
    assert not any(each in left for each in ("ann", ANNS_ID.lower(), "192.0.2.0"))
    assert "bob@example.net" in left
    after = clicks.report(known).json()
    assert after["totals"] == before["totals"]
    assert after["campaigns"] == before["campaigns"]
    assert list(clicks.activity(known, ANN)) == []


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


def test_later_clicks_count_under_links_that_others_have(known: Database):
    """Not under their site's front page, which may be a link as well; what is theirs alone does."""
    more = (
        SentLink(4, "https://example.net/", None, ""),
        SentLink(5, "https://a.net/", "offer", ""),
    )
    put(known, pending("m2", links=(*LINKS, *more)), accepted("m2"), pending("m3"), accepted("m3"))
    erased(known)
    put(known, clicked("c4", "m2"), clicked("c5", "m2", link=2, destination=LINKS[1].url))
    put(known, clicked("c7", "m2", link=5, destination="https://a.net/"))
    put(known, clicked("c6", "m2", link=9, destination=PERSONAL))
    counted = {each.link: each.figures.clicks_all for each in clicks.report(known).links}
    assert (counted["https://example.net/1"], counted["https://example.net/2"]) == (3, 1)
    assert (counted["offer"], counted["https://shop.example.net/"]) == (1, 1)
    kept = known.execute("SELECT destination FROM clicks WHERE event_id IN ('c4', 'c5')").fetchall()
    assert kept == [("https://example.net/",)] * 2


def test_new_mail_is_to_somebody_new(known: Database):
    """Erasure is no opt-out: that is what consents are for."""
    erased(known)
    put(known, pending("m2"), accepted("m2"), clicked("c4", "m2"))
    assert [row["event"] for row in clicks.activity(known, ANN)] == ["clicked", "sent"]


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
    assert PersonPatterns.of([ANN], IDENTIFIER).without(url) == (without or url)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Hello Ann@example.net!", "Hello erased!"),
        ("to ann@example.net.", "to erased."),
        ("https://example.net/pers-4711x.pdf?a", "https://example.net/erased.pdf?a"),
        ("https://example.net/?id=PERS-4711X", None),
        ("https://example.net/?id=pers-4711x-2", None),
        ("Bill for pers%2D4711x", "Bill for erased"),
        ("https://example.net/7?id=7", None),
    ],
)
def test_an_id_that_means_nobody_else_counts_anywhere(text: str, without: str | None):
    """As an address does, but exactly as it is written; a short one only in what is theirs."""
    patterns = PersonPatterns.of([ANN, "pers-4711x", "7"], IDENTIFIER)
    assert patterns.without(text) == (without or text)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("https://example.net/7/top-7?id=7&v=1.7", "https://example.net/e/top-7?id=e&v=1.7"),
        ("HTTPS://example.net/(7)?id=7", "HTTPS://example.net/(7)?id=e"),
        ("Bill 7, for you", "Bill e, for you"),
        ("17 or 7.5 or 7%", None),
    ],
)
def test_a_short_id_is_a_whole_value_of_what_is_theirs(text: str, without: str | None):
    """Of a URL, or a word."""
    assert PersonPatterns.of(["7"], IDENTIFIER).without(text, theirs=True) == (without or text)


@pytest.mark.parametrize("name", ["customer", "2026", "20261123", "a-1"])
def test_an_id_that_may_mean_something_else_stays_in_what_is_others(name: str):
    """Words, years, days."""
    url = f"https://example.net/?x={name}"
    assert PersonPatterns.of([name], IDENTIFIER).without(url) == url


def test_a_short_name_leaves_no_longer_url():
    """So that records of the spool keep their length."""
    assert PersonPatterns.of(["a@b"], IDENTIFIER).without("https://x/?a@b") == "https://x/?era"


# --- what campaigns and links are called


def sent(
    message: str, to: Recipient, campaign: str, *urls: str, text: str = ""
) -> tuple[MessagePending, MessageAccepted]:
    """Give the events of a message to one reader that the relay took."""
    links = tuple(SentLink(n, url, None, text) for n, url in enumerate(urls, 1))
    facts = {"recipients": (to,), "campaign": campaign, "links": links}
    return pending(message, **facts), accepted(message, 1)


URL = "https://example.net/"
CAY = Recipient(1, "cay@example.net", "7")


def test_campaigns_lose_the_address_and_keep_their_sums(db: Database):
    """Those of two persons come to the same name, and stay two."""
    for message, to in (("m1", Recipient(1, ANN)), ("m2", Recipient(1, "bob@example.net"))):
        put(db, *sent(message, to, f"Hello {to.address}", URL), clicked(f"c{message}", message))
    put(db, *sent("m3", Recipient(1, "bob@example.net"), "news", URL))
    before = clicks.report(db)
    assert erased(db).campaigns == {f"Hello {ANN}": "Hello erased"}
    assert erased(db, "bob@example.net").campaigns == {"Hello bob@example.net": "Hello erased"}
    after = clicks.report(db)
    assert after.totals == before.totals
    assert {each.campaign for each in after.campaigns} == {"Hello erased", "Hello erased#4", "news"}
    assert [each.figures for each in after.campaigns] == [each.figures for each in before.campaigns]


def test_an_own_id_goes_from_links_that_only_their_campaigns_list(db: Database):
    """Clicked or not; a link that others have or click stays as it is."""
    own, everyones = "https://example.net/?p=7", "https://example.net/?category=7"
    for message in ("m1", "m2"):
        put(db, *sent(message, CAY, "for 7", own), *sent(f"{message}x", CAY, "all", everyones))
    bob = Recipient(1, "bob@example.net")
    put(db, *sent("m3", bob, "all", everyones), clicked("c1", "m1x", destination=everyones))
    put(db, clicked("c2", "m3", destination=everyones))
    erased(db, "7")
    assert {row["name"] for row in db["links"].rows} == {"https://example.net/?p=e", everyones}
    assert {row["name"] for row in db["campaigns"].rows} >= {"for e", "all"}


def test_an_own_id_that_tells_goes_from_what_is_shared(db: Database):
    """Also from what stood in the anchor."""
    url = "https://example.net/own?id=pers-4711x"
    named = Recipient(1, ANN, "pers-4711x")
    group = SentLink(1, url, "offer", "Offer for ann@example.net")
    bob = Recipient(1, "bob@example.net")
    for message, to in (("m1", named), ("m2", bob)):
        put(db, pending(message, recipients=(to,), links=(group,)), accepted(message, 1))
    erased(db)
    (link,) = db["links"].rows
    assert (link["name"], link["url"], link["text"]) == (
        "offer",
        "https://example.net/own?id=erased",
        "Offer for erased",
    )


def test_what_only_they_clicked_with_is_forgotten(db: Database):
    """A program's name may be as rare as a person's."""
    put(
        db, pending(), accepted(), clicked("c1", user_agent="Ann's own"), clicked("c2", recipient=2)
    )
    erased(db)
    assert {row["name"] for row in db["user_agents"].rows} == {"", "Browser/1"}


def test_urls_that_nobody_else_got_leave_no_hash(db: Database):
    """Who knows the address could make it; those of shared messages stay."""
    put(db, *sent("m1", Recipient(1, ANN), "news", "https://example.net/ann"), pending("m2"))
    kept = {row["message"] for row in db["sightings"].rows}
    erased(db)
    assert (kept, {row["message"] for row in db["sightings"].rows}) == ({1, 2}, {2})


def test_sets_of_what_was_renamed_leave_no_hash(db: Database):
    """Whoever knows the old name could make it; messages have the set all the same."""
    named = SentLink(1, "https://example.net/", f"for {ANN}", "")
    put(db, pending(links=(named,)), accepted(), pending("m2"))
    before = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    erased(db)
    after = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    assert {row for row in before if before[row] != after[row]} == {1}
    put(db, pending(links=(named,)))
    assert db["link_sets"].count == len(before)
    put(db, clicked("c1", recipient=2), pending("m3", links=(named,)), clicked("c2", "m3"))
    counted = {each.link: each.figures.clicks_all for each in clicks.report(db).links}
    assert (counted["for erased"], counted[f"for {ANN}"]) == (1, 1)


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
    patterns = PersonPatterns.of([ANN], IDENTIFIER)
    assert spool.redact(tmp_path / "spool", fed, Traces([ANN], patterns)) == (2, 0)
    octets = path.read_bytes()
    assert octets[fed[path.name] :] == lines[0]
    kept = [decode(line[9:]) for line in octets.splitlines()[:4]]
    assert isinstance(kept[0], MessagePending)
    assert [to.address for to in kept[0].recipients] == ["", "bob@example.net"]
    assert kept[1:2] + kept[3:] == [events[1], events[3]]
    assert not any(each in octets[: fed[path.name]] for each in (b"ann@", ANNS_ID.encode()))
    assert spool.redact(tmp_path / "spool", fed, Traces([ANN], patterns)) == (0, 0)


def test_rewritten_records_make_nobody(db: Database):
    """Should the store be lost, and a segment be fed again."""
    nobody = Recipient(1, "")
    put(db, pending(recipients=(nobody,)), accepted("m1", 1), clicked("c1", destination=PERSONAL))
    assert (totals(db).recipients, totals(db).clicks_all, totals(db).unique_all) == (1, 1, 0)
    assert list(db["persons"].rows) == []


def test_records_lose_campaigns_and_texts_as_the_store_does(tmp_path: Path):
    """What the store calls a campaign now, it is called in the spool."""
    (event, _) = sent("m1", CAY, "for 7", "https://example.net/?p=7", text="Bill 7")
    record = segments.frame(encode(event))
    path, descriptor = segments.create(tmp_path, "proxy")
    os.write(descriptor, record)
    os.close(descriptor)
    patterns = PersonPatterns.of(["7", CAY.address], IDENTIFIER)
    traces = Traces(["7", CAY.address], patterns, campaigns={"for 7": "for e"})
    assert spool.redact(tmp_path, {path.name: len(record)}, traces) == (1, 0)
    kept = decode(path.read_bytes()[9:-1])
    assert isinstance(kept, MessagePending)
    (link,) = kept.links
    assert (kept.campaign, link.url, link.text) == ("for e", "https://example.net/?p=e", "Bill e")


def test_records_that_could_not_be_fed_stay_readable(tmp_path: Path):
    """They may be put back into the spool one day."""
    (event, _) = sent("m1", Recipient(1, ANN, "pers-4711x"), "news")
    lines = [encode(event), b'{"kind":"later","who":"ann@example.net","person":"7"}']
    file = tmp_path / "quarantine" / "proxy-1.log"
    file.parent.mkdir()
    file.write_bytes(b"".join(map(segments.frame, lines)))
    names = [ANN, "pers-4711x", "7"]
    assert spool.redact(tmp_path, {}, Traces(names, PersonPatterns.of(names, IDENTIFIER))) == (2, 0)
    first, second = (line[9:] for line in file.read_bytes().splitlines())
    assert decode(first) == sent("m1", Recipient(1, ""), "news")[0]
    assert second == lines[1].replace(ANN.encode(), b"x" * len(ANN)).replace(b'"7"', b'"x"')
    assert all(
        segments.frame(line[9:-1]) == line for line in file.read_bytes().splitlines(keepends=True)
    )


def test_damaged_records_are_masked(tmp_path: Path):
    """Nobody can read them, but for an eye."""
    file = tmp_path / "quarantine" / "proxy-1.log"
    file.parent.mkdir()
    file.write_bytes(b'\xff{"address": "ann@example.net"')
    assert spool.redact(tmp_path, {}, Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER))) == (1, 0)
    assert file.read_bytes() == b'\xff{"address": "' + b"x" * len(ANN) + b'"'


def test_figures_of_days_stay(known: Database):
    """What was counted since a day is asked of rows, which are there, too; but nobody clicked."""
    erased(known)
    since = clicks.report(known, since_s=SENT_S - 1).totals
    assert (since.messages, since.recipients, since.clicks_all) == (1, 2, 3)
