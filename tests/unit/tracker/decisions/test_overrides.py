"""Withdrawn and repaired links: what decisions make of a link."""

import os
import pwd
from dataclasses import replace

import pytest

from tracker.decisions import overrides
from tracker.decisions.overrides import Overrides, decision, repair
from tracker.tokens import Link
from tracker.urls.additions import Additions
from tracker.urls.blanks import BLANK

LINK = Link(
    bytes.fromhex("0102030405060708"), 1, 1, 1_795_430_400, "https://Shop.Example.com/old?a=1"
)
OTHER = Link(bytes.fromhex("ffffffffffffffff"), 1, 1, 1_795_430_400, "https://example.org/")


UTM = Additions(frozenset({"utm_source", "utm_campaign"}))
TELLING = Additions(UTM.names, frozenset({"wp_id"}), frozenset({"shop.example.com", "new.test"}))
TYPO, RIGHT = "https://shop.example.com/tpyo?a=1#top", "https://new.test/?b=2#end"


def leads(destination: str, *made: overrides.Decision, additions: Additions = UTM) -> str | None:
    """Return where a link to `destination` leads after these decisions."""
    link = Link(bytes(8), 1, 1, 1_795_430_400, destination)
    return Overrides.of(made).destination(link, additions)


def test_without_decisions_links_lead_where_they_were_written_to() -> None:
    """P8 fails open, and the common case costs nothing: the very same octets."""
    assert Overrides().destination(LINK, TELLING) is LINK.destination


@pytest.mark.parametrize(
    "made",
    [
        decision("revoke", "message", "0102030405060708"),
        decision("revoke", "campaign", "sale", messages=["0102030405060708"]),
        decision("revoke", "host", "shop.example.com"),
        decision("revoke", "host", "example.com"),
    ],
    ids=["message", "campaign", "host", "domain above"],
)
def test_a_revoked_link_leads_nowhere_until_restored(made: overrides.Decision) -> None:
    """Each kind withdraws what it names and nothing else, and can be taken back."""
    now = Overrides.of([made])
    assert now.destination(LINK) is None
    assert now.destination(OTHER) == OTHER.destination
    assert (now.holds(made.kind, made.value), now.in_force) == (True, 1)
    now.apply(decision("restore", made.kind, made.value))
    assert now.destination(LINK) == LINK.destination
    assert (now.holds(made.kind, made.value), now.in_force) == (False, 0)


def test_a_campaign_revoked_again_has_the_messages_of_both_times() -> None:
    """Mail that was under way the first time is withdrawn by the second."""
    now = Overrides.of(
        decision("revoke", "campaign", "sale", messages=[message])
        for message in ("0102030405060708", "ffffffffffffffff")
    )
    assert (now.destination(LINK), now.destination(OTHER)) == (None, None)


def test_a_repaired_link_leads_to_its_new_destination() -> None:
    """The destination must be the very one that was sent; restoring takes it back."""
    now = Overrides.of([repair(LINK.destination, "https://example.com/new", UTM)])
    assert now.destination(LINK) == "https://example.com/new"
    assert now.destination(OTHER) == OTHER.destination
    assert now.holds("destination", LINK.destination)
    now.apply(decision("restore", "destination", LINK.destination))
    assert now.destination(LINK) == LINK.destination


def test_a_repair_of_the_url_as_it_was_written_keeps_what_waypost_added() -> None:
    """Campaigns are told apart after a repair as before; a name that NEW has is not doubled."""
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail&utm_campaign=May#top"
    assert leads(sent, repair(TYPO, RIGHT, UTM)) == (
        "https://new.test/?b=2&utm_source=mail&utm_campaign=May#end"
    )
    assert leads(sent, repair(TYPO, "https://new.test/?utm_source=x", UTM)) == (
        "https://new.test/?utm_source=x&utm_campaign=May"
    )


def test_nothing_goes_along_to_a_url_that_somebody_signed() -> None:
    """It would be dead with anything more."""
    signed = "https://files.test/a.pdf?X-Amz-Signature=00ff&X-Amz-Expires=60"
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail#top"
    assert leads(sent, repair(TYPO, signed, UTM)) == signed


def test_a_repair_of_the_url_as_it_was_sent_leads_to_exactly_the_new_one() -> None:
    """It goes before one of the URL as it was written."""
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail#top"
    made = (repair(sent, RIGHT, UTM), repair(TYPO, "https://other.test/", UTM))
    assert leads(sent, *made) == RIGHT
    assert leads(TYPO, *made) == "https://other.test/"


def test_each_reader_of_a_repaired_link_is_told_of_where_that_may_be_known() -> None:
    """Ids go along to hosts of `[tracking.identify]`, and to no other."""
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail&wp_id=4711#top"
    assert leads(sent, repair(TYPO, RIGHT, TELLING), additions=TELLING) == (
        "https://new.test/?b=2&utm_source=mail&wp_id=4711#end"
    )
    assert leads(
        sent, repair(TYPO, "https://foreign.test/", TELLING), additions=TELLING
    ) == "https://foreign.test/?utm_source=mail"  # fmt: skip


PERSONAL = frozenset({"uid", "token", "wp_id"})
WHOSE = "https://shop.example.com/tpyo?a=1{}#top"


@pytest.mark.parametrize("old", [TYPO, WHOSE.format("&uid=1"), WHOSE.format("&token=x&uid=2")])
@pytest.mark.parametrize(
    ("sent", "own"),
    [
        ("", ""),
        ("&uid=1", "&uid=1"),
        ("&UID=%31", "&UID=%31"),
        ("&uid=7&token=a+b%7E", "&uid=7&token=a+b%7E"),
        ("&uid=7&utm_source=mail", "&uid=7&utm_source=mail"),
    ],
)
def test_a_repair_applies_to_every_readers_url_and_keeps_what_is_theirs(
    old: str, sent: str, own: str
) -> None:
    """Whichever reader's URL is named, or none; octet for octet, with what Waypost added."""
    made = repair(old, RIGHT, UTM, PERSONAL)
    assert leads(WHOSE.format(sent), made) == f"https://new.test/?b=2{own}#end"
    assert leads("https://shop.example.com/tpyo?uid=7&a=1#top", made) == (
        "https://new.test/?b=2&uid=7#end"
    )


@pytest.mark.parametrize(
    "sent",
    [WHOSE.format("&b=1&uid=7"), "https://shop.example.com/tpyo?a=2&uid=7#top",
     "https://shop.example.com/tpy?a=1&uid=7#top", "https://shop.example.com/tpyo?a=1&uid=7#end"],
)  # fmt: skip
def test_links_that_differ_in_more_are_others(sent: str) -> None:
    """Octet for octet."""
    assert leads(sent, repair(WHOSE.format("&uid=1"), RIGHT, UTM, PERSONAL)) is sent


def test_a_repair_of_one_readers_url_goes_before_that_of_all() -> None:
    """The last one of all counts for the others; taken back, the one before."""
    one, two = WHOSE.format("&uid=1"), WHOSE.format("&uid=2")
    made = [
        repair(one, "https://a.test/", UTM, PERSONAL),
        repair(two, "https://b.test/", UTM, PERSONAL),
    ]
    assert leads(one, *made) == "https://a.test/?uid=1"
    assert leads(WHOSE.format("&uid=3"), *made) == "https://b.test/?uid=3"
    made.append(decision("restore", "destination", two))
    assert leads(WHOSE.format("&uid=3"), *made) == "https://a.test/?uid=3"
    made.append(decision("restore", "destination", one))
    assert leads(one, *made) == one


def test_what_is_the_readers_stays_out_of_urls_that_have_it_or_are_signed() -> None:
    """NEW's own parameters stay, a signed NEW as it is; ids are told to the hosts of today alone."""
    old, sent = WHOSE.format("&uid=1"), WHOSE.format("&uid=7&wp_id=4711")
    signed = "https://files.test/a.pdf?X-Amz-Signature=00ff&X-Amz-Expires=60"
    assert leads(
        sent, repair(old, "https://new.test/?Uid=0", TELLING, PERSONAL), additions=TELLING
    ) == ("https://new.test/?Uid=0&wp_id=4711")
    assert leads(sent, repair(old, signed, UTM, PERSONAL)) == signed
    foreign = repair(old, "https://foreign.test/", UTM, PERSONAL)
    assert leads(sent, foreign, additions=TELLING) == "https://foreign.test/?uid=7"


OFFER = f"https://shop.example.com/offers/{BLANK}/view?a=1"


@pytest.mark.parametrize(
    ("to", "sent", "expected"),
    [
        (f"https://new.test/deals/{BLANK}", "7f3a/view?a=1", "https://new.test/deals/7f3a"),
        (f"https://new.test/deals/{BLANK}", "7/view?a=1&uid=5&utm_source=mail",
         "https://new.test/deals/7?uid=5&utm_source=mail"),
        (f"https://new.test/#/deal/{BLANK}", "7/view?a=1", "https://new.test/#/deal/7"),
        ("https://new.test/", "7/view?a=1&uid=5", "https://new.test/?uid=5"),
    ],
)  # fmt: skip
def test_a_repair_with_a_blank_applies_to_every_readers_url(
    to: str, sent: str, expected: str
) -> None:
    """What stands there goes where NEW has a blank, or nowhere; all else as with other repairs."""
    made = repair(OFFER, to, UTM, PERSONAL)
    assert leads(f"https://shop.example.com/offers/{sent}", made) == expected
    assert leads("https://shop.example.com/offers/7/buy?a=1", made).endswith("/7/buy?a=1")


def test_a_parameter_and_a_route_may_be_blanks() -> None:
    """Without blanks in NEW, parameters go along as they are written."""
    old = f"https://app.test/?for={BLANK}#/offers/{BLANK}"
    sent = "https://app.test/?for=a%20b#/offers/9"
    to = f"https://app.test/{BLANK}?offer={BLANK}"
    assert leads(sent, repair(old, to, UTM)) == "https://app.test/a%20b?offer=9"
    assert leads(sent, repair(old, "https://new.test/#x", UTM)) == "https://new.test/?for=a%20b#x"


def test_a_repair_with_a_blank_comes_last_and_is_taken_back() -> None:
    """A URL that is named goes before; of two patterns the later one."""
    one, all_ = "https://shop.example.com/offers/1/view?a=1", f"https://new.test/{BLANK}"
    pages = f"https://shop.example.com/{BLANK}/{BLANK}/view?a=1"
    made = [repair(one, "https://new.test/one", UTM), repair(OFFER, all_, UTM)]
    assert leads(one, *made) == "https://new.test/one"
    two = one.replace("/1/", "/2/")
    assert leads(two, *made) == "https://new.test/2"
    made.append(repair(pages, "https://new.test/page", UTM))
    assert leads(two, *made) == "https://new.test/page"
    made.append(decision("restore", "destination", pages))
    assert leads(two, *made) == "https://new.test/2"
    made.append(decision("restore", "destination", OFFER))
    assert leads(two, *made) == two


def test_a_place_that_somebody_wrote_by_hand_harms_nothing() -> None:
    """Redirects go on whatever stands in the file."""
    made = replace(repair(OFFER, RIGHT, UTM), personal=("@900", "@x", "@" + "9" * 5000))
    sent = "https://shop.example.com/offers/7/view?a=1"
    assert leads(sent, made) == sent


def test_an_earlier_decision_reads_as_before() -> None:
    """It has no places of readers, or such as only a later version knows."""
    one = WHOSE.format("&uid=1")
    for made in (repair(one, RIGHT, UTM), replace(repair(one, RIGHT, UTM), personal=("/2", "#x"))):
        assert leads(one, made) == RIGHT
        assert leads(WHOSE.format("&uid=7"), made) == WHOSE.format("&uid=7")


@pytest.mark.parametrize(
    "sent",
    [
        "https://shop.example.com/tpyo?a=1&utm_medium=mail#top",
        "https://shop.example.com/tpyo?utm_source=mail&a=1#top",
        "https://shop.example.com/tpyo?a=1&utm_source=mail",
        "https://shop.example.com/tpyo?A=1&utm_source=mail#top",
        "https://shop.example.com/tpyo?a=%31&utm_source=mail#top",
    ],
    ids=["no name of ours", "not at the end", "no fragment", "a letter", "an escape"],
)
def test_links_that_no_repair_is_meant_for_stay_as_they_are(sent: str) -> None:
    """P4: octet for octet."""
    assert leads(sent, repair(TYPO, RIGHT, UTM)) is sent


def test_a_repair_knows_what_was_added_when_it_was_made() -> None:
    """What the configuration adds today is added to links of today; those that are out stay so."""
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail&wp_id=4711#top"
    made = repair(TYPO, RIGHT, TELLING)
    today = Additions(frozenset({"ref"}))
    assert leads(sent, made, additions=today) == "https://new.test/?b=2&utm_source=mail#end"
    new = "https://shop.example.com/tpyo?a=1&ref=mail#top"
    assert leads(new, made, additions=today) == "https://new.test/?b=2&ref=mail#end"


def test_repairs_of_repairs_are_followed() -> None:
    """A second move needs no knowledge of the first."""
    made = [repair(TYPO, "https://a.test/", UTM), repair("https://a.test/", "https://b.test/", UTM)]
    assert leads(TYPO, *made) == "https://b.test/"
    sent = "https://shop.example.com/tpyo?a=1&utm_source=mail#top"
    assert leads(sent, *made) == "https://b.test/?utm_source=mail"


def test_a_circle_of_repairs_ends() -> None:
    """A circle, which only an editor can make, ends somewhere and hangs nowhere."""
    made = [repair(TYPO, "https://a.test/", UTM), repair("https://a.test/", TYPO, UTM)]
    assert leads(TYPO, *made) in {TYPO, "https://a.test/"}


def test_a_link_repaired_away_from_a_revoked_host_lives() -> None:
    """What counts is where a link leads now; a withdrawn message stays withdrawn."""
    now = Overrides.of(
        [
            decision("revoke", "host", "example.com"),
            repair(LINK.destination, "https://example.net/", UTM),
        ]
    )
    assert now.destination(LINK) == "https://example.net/"
    now.apply(decision("revoke", "message", "0102030405060708"))
    assert now.destination(LINK) is None


@pytest.mark.parametrize(
    ("host", "destination"),
    [
        ("example.com", "https://user:p@ss@Example.COM:8443/a@b?c@d#e@f"),
        ("example.com", "https:\\\\www.ex%61mple.com.\\path"),
        ("evil.test", "http://evil.test\\@example.net/"),
        ("xn--bcher-kva.example", "https://b%C3%BCcher.example/"),
    ],
)
def test_no_way_of_writing_a_host_gets_around_its_revocation(host: str, destination: str) -> None:
    """What counts is where a browser would go."""
    assert leads(destination, decision("revoke", "host", host)) is None


@pytest.mark.parametrize(
    "made",
    [
        decision("redirect", "destination", LINK.destination, to="javascript:alert(1)"),
        decision("redirect", "destination", LINK.destination, to="https://a.test/\r\nX: y"),
        decision("redirect", "destination", LINK.destination),
        decision("revoke", "destination", LINK.destination),
        decision("revoke", "message", "01020304"),
        decision("redirect", "host", "shop.example.com", to="https://a.test/"),
    ],
    ids=lambda made: f"{made.action} {made.kind} {made.value} {made.to}",
)
def test_what_cannot_be_carried_out_makes_no_sense(made: overrides.Decision) -> None:
    """A line written by hand never leads a reader anywhere that a token could not."""
    assert not made.makes_sense


def test_who_decided_is_who_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit log believes no environment; in a container a user may have no name."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert decision("revoke", "host", "example.com").by == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert decision("revoke", "host", "example.com").by == "uid 4000000000"
