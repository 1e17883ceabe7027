"""Links for SMS, push and chat: where they lead, whose they are, and what reports are told."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config import keys
from config.schema import Config
from tracker.consents import Consent, Consents, Given
from tracker.events import Event, MessageAccepted, MessagePending, Recipient
from tracker.minting import LinkRequest, Mint, Minted, TooLong
from tracker.shortlinks import ShortLinks
from tracker.spool import SpoolError
from tracker.tokens import Keyring, Link, read

KEYRING = Keyring([keys.new_token_key()])
URL = "https://www.example.com/sale?a=1#top"


@dataclass
class Shop:
    """Asks for links, and keeps what reports are told."""

    folder: Path
    config: Config = field(default_factory=Config)
    consents: Consents = field(default_factory=Consents)
    events: list[Event] = field(default_factory=list)
    fault: Exception | None = None

    def configure(self, **tracking: object) -> None:
        """Set keys of [tracking]."""
        self.config = Config.model_validate({"tracking": tracking})

    def link(self, **asked: Any) -> Minted:
        """Ask for a link to URL."""
        return self.mint.link(self.config, LinkRequest(**({"url": URL} | asked)))

    @property
    def mint(self) -> Mint:
        """Give what makes them."""
        return Mint(lambda: KEYRING, lambda: self.consents, self.append, self.codes)

    @property
    def codes(self) -> ShortLinks:
        """Give the short links."""
        return ShortLinks.load(self.folder / "codes")

    def append(self, event: Event) -> "Future[None]":
        """Be the spool."""
        future: Future[None] = Future()
        self.events.append(event)
        if self.fault is None:
            future.set_result(None)
        else:
            future.set_exception(self.fault)
        return future

    @property
    def pending(self) -> MessagePending:
        """Give the only message that was told of."""
        pending, accepted = self.events
        assert isinstance(pending, MessagePending)
        assert isinstance(accepted, MessageAccepted)
        assert accepted.message_id == pending.message_id
        return pending


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Make links with the default configuration."""
    return Shop(tmp_path)


def token_in(minted: Minted) -> Link:
    """Read the token of a tracked link."""
    return read(KEYRING, minted.url.rpartition("/c/")[2])


def test_a_link_leads_where_it_was_asked_to(shop: Shop) -> None:
    """Under the base URL, octet for octet."""
    minted = shop.link()
    assert minted.url.startswith("http://127.0.0.1:8080/c/")
    assert token_in(minted).destination == minted.destination == URL
    assert (minted.tracked, minted.message_id) == (True, token_in(minted).message_id.hex())


def test_a_link_without_a_person_is_shared(shop: Shop) -> None:
    """Its clicks are nobody's, and it counts as a message with no known recipient."""
    assert token_in(shop.link(campaign="sms")).recipient == 0
    assert (shop.pending.shared, shop.pending.recipients) == (True, ())
    assert shop.pending.campaign == "sms"
    assert shop.events[1].recipients == (0,)  # type: ignore[union-attr]


def test_a_link_of_a_person_is_that_persons(shop: Shop) -> None:
    """Their own id or address, as in mail."""
    assert token_in(shop.link(person="customer-7")).recipient == 1
    assert shop.pending.recipients == (Recipient(1, "customer-7", "customer-7"),)
    assert shop.pending.shared is False


def test_every_link_is_one_of_its_own(shop: Shop) -> None:
    """Two links to the same place are two messages."""
    assert shop.link().message_id != shop.link().message_id


def test_a_link_has_a_name_in_reports(shop: Shop) -> None:
    """Its group, else that of a pattern, else its URL less what varies."""
    shop.configure(group=[{"pattern": "/orders/", "name": "an order"}])
    shop.link(group="the sale")
    shop.link(url="https://example.com/orders/7")
    shop.link(url="https://example.com/?uid=7&page=2")
    shop.link()
    groups = [event.links[0].group for event in shop.events if isinstance(event, MessagePending)]
    assert groups == ["the sale", "an order", "https://example.com/?page=2", None]


def test_parameters_are_added_as_in_mail(shop: Shop) -> None:
    """Unless they are not wanted."""
    shop.configure(url_params={"utm_source": "wp", "utm_campaign": "{campaign}"})
    with_them = "https://www.example.com/sale?a=1&utm_source=wp&utm_campaign=sms#top"
    assert shop.link(campaign="sms").destination == with_them
    assert shop.link(campaign="sms", track=False).url == with_them
    assert shop.link(url_params=False).destination == URL


@pytest.mark.parametrize(
    ("tracking", "asked"),
    [
        ({}, {"track": False}),
        ({"enabled": False}, {}),
        ({"untracked_hosts": ["example.com"]}, {}),
        ({"untracked_hosts": ["www.example.com"]}, {}),
    ],
)
def test_what_is_not_tracked_is_the_url_itself(
    shop: Shop, tracking: dict[str, object], asked: dict[str, bool]
) -> None:
    """Reports hear nothing of it."""
    shop.configure(**tracking)
    assert shop.link(**asked) == Minted(URL, URL, tracked=False, message_id=None)
    assert shop.events == []


def test_consent_is_heeded(shop: Shop) -> None:
    """Nothing, or totals without a person."""
    for person, level in (("no", Consent.NONE), ("some", Consent.ANONYMOUS)):
        shop.consents.given[person] = Given("2026-11-23", person, level)
    assert shop.link(person="no").tracked is False
    assert token_in(shop.link(person="some")).recipient == 0
    assert shop.pending.recipients == ()


def test_a_short_link_stands_for_the_same(shop: Shop) -> None:
    """A code of seven characters, for a token that says it all."""
    minted = shop.link(short=True, person="customer-7")
    base, _, code = minted.url.rpartition("/s/")
    assert (base, len(code)) == ("http://127.0.0.1:8080", 7)
    link = read(KEYRING, shop.codes.token(code) or "")
    assert (link.destination, link.recipient, link.preview) == (URL, 1, False)


def test_a_short_link_may_go_uncounted(shop: Shop) -> None:
    """It redirects as a preview does."""
    minted = shop.link(short=True, track=False)
    assert read(KEYRING, shop.codes.token(minted.url[-7:]) or "").preview is True
    assert (minted.tracked, minted.message_id, shop.events) == (False, None, [])


def test_no_link_without_its_events(shop: Shop) -> None:
    """What reports could not know is not handed out, and no code is used up."""
    shop.fault = SpoolError("full")
    with pytest.raises(SpoolError):
        shop.link(short=True)
    assert not (shop.folder / "codes").exists()


def test_a_destination_has_a_greatest_length(shop: Shop) -> None:
    """Its parameters included."""
    shop.configure(max_destination=len(URL) + 5, url_params={"utm_source": "wp"})
    assert shop.link(url_params=False).destination == URL
    with pytest.raises(TooLong, match="longer than"):
        shop.link()
