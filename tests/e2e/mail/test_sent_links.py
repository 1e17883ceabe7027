"""What reports know of sent links, with everything added to them; through real sockets."""

import contextlib
import smtplib
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.checks.personal import KINDS
from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import follow, tracked
from tests.support.stack import Mailbox, Stack

TRACKING = """\
url_params = {utm_source = "mail", utm_campaign = "{campaign}"}
[tracking.identify]
param = "wp_id"
hosts = ["shop.example.net"]
"""
SALE = "https://shop.example.net/sale?page=2#top"
OWN = "https://shop.example.net/for/"
READERS = ("ann", "bob", "eve")


@pytest.fixture
def adding(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost that adds to destinations whatever it can."""
    return Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish(tracking=TRACKING)


def sent(stack: Stack, mailbox: Mailbox) -> list[list[str]]:
    """Send each reader a link that all have and one of their own; gives the tracked ones."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        for reader in READERS:
            message = html_message(link(SALE) + link(OWN + reader), "X-Track-Campaign: news")
            client.sendmail("bounces@example.com", [f"{reader}@example.org"], message)
    return [tracked(each) for each in mailbox.wait_for(len(READERS))]


def counted(stack: Stack) -> tuple[dict[str, int], dict[str | None, int]]:
    """Return how often each link was clicked, and each campaign, as the report says."""
    report = stack.report()
    links = {each["link"]: each["clicks"]["all"] for each in report["links"]}
    return links, {each["campaign"]: each["clicks"]["all"] for each in report["campaigns"]}


def test_a_link_is_one_whatever_is_added_to_it(adding: Stack, mailbox: Mailbox) -> None:
    """The readers' own are one as well, known once it is clicked; purged ones are known no more."""
    with adding.serving():
        ann, bob, eve = sent(adding, mailbox)
        assert counted(adding) == ({SALE: 0}, {"news": 0})
        places = [follow(ann[0]), follow(bob[0])]
        follow(ann[1])
        assert counted(adding) == ({SALE: 2, OWN + "…": 1}, {"news": 3})
        time.sleep(1.1)
        purged = waypost("purge", "-c", adding.config, "--older-than", "1s")
        assert purged.returncode == 0, purged.stderr.decode()
        assert counted(adding) == ({SALE: 2, OWN + "…": 1}, {"news": 3})
        assert [follow(ann[0]), follow(bob[0])] == places
        follow(eve[1])
        left = {SALE: 2, OWN + "…": 1, "(purged)": 3}
        assert counted(adding) == (left, {"news": 3, "(purged)": 3})
    ids = [place.partition("wp_id=")[2].partition("#")[0] for place in places]
    for who, place in zip(ids, places, strict=True):
        assert place.endswith(f"page=2&utm_source=mail&utm_campaign=news&wp_id={who}#top")
    rows, own = dump(adding), [f"/for/{reader}" for reader in READERS]
    assert not any(each in rows for each in (*ids, *own, "utm_source", "@example.org"))


RESETS = (
    "https://app.example.net/reset/8f14e45fceea167a5a36dedd4bea2543",
    "https://app.example.net/x?reset_token=7867066c06fb31a1d02ae0866d5b5a53",
)


def test_a_secret_is_in_no_report_even_where_its_author_has_it_tracked(
    adding: Stack, mailbox: Mailbox
) -> None:
    """The reader arrives at it all the same."""
    html = "".join(link(url, 'data-track="true"') for url in RESETS)
    with adding.serving():
        with smtplib.SMTP("127.0.0.1", adding.smtp, timeout=60) as client:
            client.sendmail("b@example.com", ["ann@example.org"], html_message(html))
        (message,) = mailbox.wait_for(1)
        places = [follow(url) for url in tracked(message)]
        links, _ = counted(adding)
    assert all(place.startswith(url) for place, url in zip(places, RESETS, strict=True))
    assert links == {"https://app.example.net/reset/…": 1, "https://app.example.net/x": 1}


def test_links_of_readers_are_one_whatever_differs(adding: Stack, mailbox: Mailbox) -> None:
    """Wherever in a URL their application puts what is theirs, they are one line, with all clicks."""
    readers = range(1, 5)
    with adding.serving():
        with smtplib.SMTP("127.0.0.1", adding.smtp, timeout=60) as client:
            for reader in readers:
                links = (link(url_of(reader), text=kind) for kind, (url_of, _) in KINDS.items())
                message = html_message("".join(links), "X-Track-Campaign: news")
                client.sendmail("bounces@example.com", [f"r{reader}@example.org"], message)
        for copy in mailbox.wait_for(len(readers)):
            for url in tracked(copy):
                follow(url)
        links_of = Counter(name for _, name in KINDS.values())
        expected = {name: len(readers) * count for name, count in links_of.items()}
        assert counted(adding)[0] == expected


def test_links_of_a_lost_store_are_named_without_what_was_added(
    adding: Stack, mailbox: Mailbox
) -> None:
    """Readers are one row, and no id stands in it."""
    with adding.serving():
        links = sent(adding, mailbox)
        counted(adding)
    for file in (*adding.folder.glob("waypost.db*"), *adding.folder.glob("waypost.db.spool/*")):
        if file.is_file():
            file.unlink()
    with adding.serving("tracker"):
        for sale, _ in links:
            follow(sale)
        assert counted(adding) == ({SALE: 3}, {None: 3})


def dump(stack: Stack) -> str:
    """Return all rows of the store."""
    with contextlib.closing(sqlite3.connect(stack.database)) as db:
        return "\n".join(db.iterdump())
