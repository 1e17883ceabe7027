"""A wrong URL in mail that is out is repaired for everyone, whatever Waypost added; real sockets."""

import smtplib
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import follow, tracked
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

TRACKING = """\
url_params = {utm_source = "mail", utm_campaign = "{campaign}"}
identify = {param = "wp_id", hosts = ["shop.test"]}
"""
TYPO, RIGHT = "https://shop.test/tpyo?a=1#top", "https://shop.test/right?b=2#top"
FOREIGN = "https://foreign.test/"
UNTOUCHED = "https://shop.test/tpyo?a=1&x=%7E;utm_term=#top"
READERS = ["ann@example.org", "bob@example.org"]


@pytest.fixture
def adding(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost that adds parameters and tells a shop who comes."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    return stack.furnish(proxy='copies = "per-recipient"', tracking=TRACKING)


def sent(stack: Stack, mailbox: Mailbox) -> list[list[str]]:
    """Send one message to two readers; gives the tracked links of each."""
    message = html_message(link(TYPO) + link(UNTOUCHED), "X-Track-Campaign: May")
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", READERS, message)
    return [tracked(each) for each in mailbox.wait_for(2)]


def until_led(url: str, expected: str) -> None:
    """Wait until a link leads there."""
    until(lambda: follow(url) == expected, seen=lambda: follow(url))


def redirect(stack: Stack, *arguments: str) -> bytes:
    """Repair; gives what is said besides."""
    done = waypost("redirect", *arguments, "-c", stack.config)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_url_as_it_was_written_is_repaired_for_every_reader(
    adding: Stack, mailbox: Mailbox
) -> None:
    """Each arrives with the same parameters and their own id; an unrepaired link stays octet for octet."""
    with adding.serving():
        (ann, other), (bob, _) = sent(adding, mailbox)
        before = {url: follow(url) for url in (ann, bob, other)}
        ids = [dict(parse_qsl(urlsplit(before[url]).query))["wp_id"] for url in (ann, bob)]
        assert ids[0] != ids[1]
        added = "&utm_source=mail&utm_campaign=May&wp_id="
        assert before[ann] == f"https://shop.test/tpyo?a=1{added}{ids[0]}#top"
        assert redirect(adding, TYPO, RIGHT) == b""
        for url, person in zip((ann, bob), ids, strict=True):
            until_led(url, f"https://shop.test/right?b=2{added}{person}#top")
        assert follow(other) == before[other]
        redirect(adding, TYPO, "--undo")
        until_led(ann, before[ann])


def test_a_foreign_host_is_not_told_who_comes(adding: Stack, mailbox: Mailbox) -> None:
    """The id stays behind, the campaign goes along."""
    with adding.serving():
        (ann, _), _ = sent(adding, mailbox)
        redirect(adding, TYPO, FOREIGN)
        until_led(ann, f"{FOREIGN}?utm_source=mail&utm_campaign=May")
        assert "wp_id" not in follow(ann)


def test_a_url_as_it_was_sent_is_repaired_alone(adding: Stack, mailbox: Mailbox) -> None:
    """One reader's link, to exactly the new URL."""
    with adding.serving():
        (ann, _), (bob, _) = sent(adding, mailbox)
        before = follow(bob)
        redirect(adding, follow(ann), FOREIGN)
        until_led(ann, FOREIGN)
        assert follow(bob) == before


def test_a_repair_outlives_the_configuration(adding: Stack, mailbox: Mailbox) -> None:
    """Parameters that are no longer added were added to what is out, and nobody is told of readers."""
    with adding.serving():
        (ann, other), _ = sent(adding, mailbox)
        before = follow(other)
        redirect(adding, TYPO, RIGHT)
    adding.config.write_text(adding.config.read_text().replace(TRACKING, ""))
    with adding.serving("tracker"):
        expected = "https://shop.test/right?b=2&utm_source=mail&utm_campaign=May#top"
        assert (follow(ann), follow(other)) == (expected, before)


def test_a_misspelt_repair_is_told_of(adding: Stack, mailbox: Mailbox) -> None:
    """It is noted all the same; that no such link is known is said, and with a lost store nothing."""
    with adding.serving():
        (ann, _), _ = sent(adding, mailbox)
        before = follow(ann)
        assert b"no such link" in redirect(adding, "https://shop.test/tpyo?a=1", RIGHT)
        assert follow(ann) == before
    adding.database.write_bytes(b"no database" * 1000)
    assert b"cannot be said" in redirect(adding, TYPO, RIGHT)


def test_all_readers_links_are_mended_by_the_url_of_one(adding: Stack, mailbox: Mailbox) -> None:
    """Each arrives with what is theirs: as the author wrote it, and as Waypost added it."""
    with adding.serving():
        with smtplib.SMTP("127.0.0.1", adding.smtp, timeout=60) as client:
            for number, reader in enumerate(READERS, 1):
                html = link(f"https://shop.test/tpyo?uid={number}&a=1")
                client.sendmail("b@example.com", [reader], html_message(html))
        urls = [url for each in mailbox.wait_for(2) for url in tracked(each)]
        redirect(adding, "https://shop.test/tpyo?uid=1&a=1", "https://shop.test/right")
        for number, url in enumerate(urls, 1):
            until_led_to(url, f"https://shop.test/right?uid={number}&utm_source=mail")
        assert len({follow(url) for url in urls}) == len(urls) == len(READERS)


def test_all_readers_links_are_mended_by_their_name(adding: Stack, mailbox: Mailbox) -> None:
    """Named as reports do, with … for the segment and the route that are each reader's own."""
    with adding.serving():
        with smtplib.SMTP("127.0.0.1", adding.smtp, timeout=60) as client:
            for number, reader in enumerate(READERS, 1):
                html = link(f"https://shop.test/u/r{number}/tpyo#/for/{number}")
                client.sendmail("b@example.com", [reader], html_message(html))
        urls = [url for each in mailbox.wait_for(2) for url in tracked(each)]
        old = "https://shop.test/u/…/tpyo#/for/…"
        redirect(adding, old, "https://shop.test/right/…#/offer/…")
        for number, url in enumerate(urls, 1):
            until_led_to(url, f"https://shop.test/right/r{number}?utm_source=mail")
            assert follow(url).endswith(f"#/offer/{number}")
        redirect(adding, old, "--undo")
        until_led_to(urls[0], "https://shop.test/u/r1/tpyo?utm_source=mail")


def until_led_to(url: str, beginning: str) -> None:
    """Wait until a link leads to a URL that begins so."""
    until(lambda: follow(url).startswith(beginning), seen=lambda: follow(url))
