"""What the store knows of messages and links that were sent."""

import pytest

from config.schema import Config
from tests.support.checks.facts import accepted, empty, pending, put
from tracker.events import SentLink
from tracker.reports import sent_links
from tracker.sql.db import Db
from tracker.store.keys import message_number, message_text

CONFIG = Config.model_validate(
    {
        "tracking": {
            "url_params": {"utm_source": "mail"},
            "identify": {"param": "wp_id", "hosts": ["shop.test"]},
        }
    }
)


def store(*urls: str) -> Db:
    """Return a store that knows of two messages with links to these URLs.

    What only one message has may be its reader's own, and is not listed before it is clicked.
    """
    db = empty()
    links = tuple(SentLink(n, url, None, "text") for n, url in enumerate(urls, start=1))
    for message in ("m1", "m2"):
        put(db, pending(message, links=links), accepted(message))
    return db


def test_messages_of_a_campaign_are_its_own() -> None:
    """By their ids, whatever other campaigns there are; those that the relay has yet to take as well."""
    db = empty()
    for message, campaign in (("m1", "news"), ("m2", "sale"), ("m3", "news"), ("m4", None)):
        put(db, pending(message, campaign=campaign), accepted(message))
    put(db, pending("m5", campaign="news"))
    theirs = sorted(message_text(message_number(each)) for each in ("m1", "m3", "m5"))
    assert sorted(sent_links.messages_of(db, "news")) == theirs
    assert sent_links.messages_of(db, "unknown") == []


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("https://a.test/x?utm_source=mail", "https://a.test/x"),
        ("https://a.test/x?utm_source=mail", "https://a.test/x?utm_source=mail"),
        ("https://a.test/x", "https://a.test/x?utm_source=mail&wp_id=4711"),
        ("https://a.test/x?b=1&utm_source=mail#c", "https://a.test/x?token=7&b=1#c"),
    ],
    ids=["as written", "as sent", "without what is added", "without what varies by reader"],
)
def test_a_link_that_was_sent_is_known(sent: str, asked: str) -> None:
    """Named as it was written, or as it was sent."""
    assert sent_links.is_known(store(sent, "https://b.test/"), asked, CONFIG)


@pytest.mark.parametrize(
    "asked",
    [
        "https://a.test/xs",
        "https://a.test/x?b",
        "https://a.test/X",
        "https://a.test/",
        "https://b/",
    ],
)
def test_another_link_is_not_known(asked: str) -> None:
    """A URL is compared octet for octet."""
    assert not sent_links.is_known(store("https://a.test/x?utm_source=mail"), asked, CONFIG)
