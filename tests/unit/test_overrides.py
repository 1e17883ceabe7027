"""Withdrawn and repaired links: what decisions make of a link, and the file that keeps them."""

import dataclasses
import os
import pwd
import stat
from pathlib import Path

import pytest

from config.observe import REGISTRY
from tracker import overrides
from tracker.overrides import Overrides, append, decision, load
from tracker.tokens import Link

LINK = Link(
    bytes.fromhex("0102030405060708"), 1, 1, 1_795_430_400, "https://Shop.Example.com/old?a=1"
)
OTHER = Link(bytes.fromhex("ffffffffffffffff"), 1, 1, 1_795_430_400, "https://example.org/")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name the file of a store."""
    return overrides.file_of(tmp_path / "waypost.db")


def test_without_decisions_links_lead_where_they_were_written_to(file: Path) -> None:
    """No file, no decisions: P8 fails open."""
    assert load(file).destination(LINK) == LINK.destination


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
def test_a_revoked_link_leads_nowhere_until_restored(file: Path, made: overrides.Decision) -> None:
    """Each kind withdraws what it names and nothing else, and can be taken back."""
    append(file, made)
    now = load(file)
    assert now.destination(LINK) is None
    assert now.destination(OTHER) == OTHER.destination
    append(file, decision("restore", made.kind, made.value))
    assert load(file).destination(LINK) == LINK.destination


def test_a_campaign_revoked_again_has_the_messages_of_both_times(file: Path) -> None:
    """Mail that was under way the first time is withdrawn by the second."""
    for message in ("0102030405060708", "ffffffffffffffff"):
        append(file, decision("revoke", "campaign", "sale", messages=[message]))
    now = load(file)
    assert (now.destination(LINK), now.destination(OTHER)) == (None, None)


def test_a_repaired_link_leads_to_its_new_destination(file: Path) -> None:
    """The destination must be the very one that was sent; restoring takes it back."""
    append(
        file, decision("redirect", "destination", LINK.destination, to="https://example.com/new")
    )
    assert load(file).destination(LINK) == "https://example.com/new"
    assert load(file).destination(OTHER) == OTHER.destination
    append(file, decision("restore", "destination", LINK.destination))
    assert load(file).destination(LINK) == LINK.destination


def test_repairs_of_repairs_are_followed(file: Path) -> None:
    """A second move needs no knowledge of the first."""
    append(file, decision("redirect", "destination", LINK.destination, to="https://a.test/"))
    append(file, decision("redirect", "destination", "https://a.test/", to="https://b.test/"))
    assert load(file).destination(LINK) == "https://b.test/"


def test_a_circle_of_repairs_ends(file: Path) -> None:
    """A circle, which only an editor can make, ends somewhere and hangs nowhere."""
    append(file, decision("redirect", "destination", LINK.destination, to="https://a.test/"))
    append(file, decision("redirect", "destination", "https://a.test/", to=LINK.destination))
    assert load(file).destination(LINK) in {LINK.destination, "https://a.test/"}


def test_a_link_repaired_away_from_a_revoked_host_lives(file: Path) -> None:
    """What counts is where a link leads now; a withdrawn message stays withdrawn."""
    append(file, decision("revoke", "host", "example.com"))
    append(file, decision("redirect", "destination", LINK.destination, to="https://example.net/"))
    assert load(file).destination(LINK) == "https://example.net/"
    append(file, decision("revoke", "message", "0102030405060708"))
    assert load(file).destination(LINK) is None


@pytest.mark.parametrize(
    ("host", "destination"),
    [
        ("example.com", "https://user:p@ss@Example.COM:8443/a@b?c@d#e@f"),
        ("example.com", "https:\\\\www.ex%61mple.com.\\path"),
        ("evil.test", "http://evil.test\\@example.net/"),
        ("xn--bcher-kva.example", "https://b%C3%BCcher.example/"),
    ],
)
def test_no_way_of_writing_a_host_gets_around_its_revocation(
    file: Path, host: str, destination: str
) -> None:
    """What counts is where a browser would go."""
    append(file, decision("revoke", "host", host))
    assert load(file).destination(dataclasses.replace(LINK, destination=destination)) is None


def test_damaged_lines_are_passed_over_and_counted(file: Path) -> None:
    """Neither a torn write nor an editor's slip revives what was withdrawn."""
    append(file, decision("revoke", "message", "0102030405060708"))
    with file.open("ab") as opened:
        opened.write(b'nonsense\n\xff\n{"action":"revoke"}\n{"at":"2026-11-23T10:00:00+00:00","by"')
    append(file, decision("revoke", "host", "example.org"))
    now = load(file)
    assert (now.destination(LINK), now.destination(OTHER)) == (None, None)
    assert now.damaged == 4
    assert REGISTRY.get_sample_value("waypost_overrides_damaged_lines") == 4


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
def test_what_cannot_be_carried_out_is_passed_over(file: Path, made: overrides.Decision) -> None:
    """A line written by hand never leads a reader anywhere that a token could not."""
    append(file, made)
    assert load(file).destination(LINK) == LINK.destination
    assert load(file).damaged == 1


def test_the_file_is_its_owners_and_tells_who_and_when(file: Path) -> None:
    """The file is the audit log."""
    append(file, decision("revoke", "host", "example.com"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (made,) = overrides.decisions(file)
    assert made is not None
    assert (made.action, made.kind, made.value) == ("revoke", "host", "example.com")
    assert made.by
    assert made.at.endswith("+00:00")


def test_nothing_revoked_costs_nothing() -> None:
    """The common case: an empty set of decisions leaves the destination as it is."""
    assert Overrides().destination(LINK) is LINK.destination


def test_who_decided_is_who_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit log believes no environment; in a container a user may have no name."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert decision("revoke", "host", "example.com").by == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert decision("revoke", "host", "example.com").by == "uid 4000000000"
