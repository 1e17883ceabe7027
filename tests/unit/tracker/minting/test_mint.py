"""Links for SMS, push and chat: where they lead, whose they are, and what reports are told."""

import errno
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.keys import token_keys
from config.schema import Config, StoreConfig
from proxy.rewrite.transformer import Submission, Transformer
from tests.support.mail import html_message, link
from tests.support.state import beside
from tracker.decisions.consents import Consent, ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.decisions.heard import NeverHeard
from tracker.events import Event, MessageAccepted, MessagePending, MessageRefused, Recipient
from tracker.minting.mint import Mint, Minted
from tracker.minting.request import LinkRequest, TooLong, UnknownSender
from tracker.minting.short_links import ShortLinks
from tracker.spool.parcel import SpoolError
from tracker.tokens import Keyring, Link, read
from tracker.urls.params import without_written
from tracker.urls.reader_id import Identifier

SECRET = bytes(range(32))
KEYRING = Keyring([token_keys.new_token_key()])
URL = "https://www.example.com/sale?a=1#top"


@dataclass
class Shop:
    """Asks for links, and keeps what reports are told."""

    folder: Path
    config: Config = field(default_factory=Config)
    consents: Consents = field(default_factory=Consents)
    events: list[Event] = field(default_factory=list)
    fault: Exception | None = None
    late_fault: Exception | None = None

    def configure(self, *senders: dict[str, object], **tracking: object) -> None:
        """Set keys of [tracking], and what [[sender]]s there are."""
        self.config = Config.model_validate({"tracking": tracking, "sender": senders})

    def link(self, **asked: Any) -> Minted:
        """Ask for a link to URL."""
        return self.mint.link(self.config, LinkRequest(**({"url": URL} | asked)))

    @property
    def mint(self) -> Mint:
        """Return what makes them."""
        return Mint(lambda: KEYRING, lambda: self.consents, self, self.codes, lambda: SECRET)  # type: ignore[arg-type]

    @property
    def codes(self) -> ShortLinks:
        """Return the short links."""
        return ShortLinks.load(beside(self.folder / "codes"))

    def append_written(self, event: Event) -> "Future[None]":
        """Be the spool, which may fail by now."""
        self.fault = self.late_fault
        return self.append(event)

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
        """Return the only message that was told of."""
        pending, accepted = self.events
        assert isinstance(pending, MessagePending)
        assert isinstance(accepted, MessageAccepted)
        assert accepted.message_id == pending.message_id
        return pending


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Make links with the default configuration."""
    return Shop(tmp_path)


def identifier(param: str) -> Identifier:
    """Return what makes ids."""
    return Identifier(param, SECRET)


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


def test_a_person_known_by_address_is_the_one_of_mail(shop: Shop) -> None:
    """An address is told as one, not as an id of the application's."""
    shop.link(person="ann@Example.org")
    assert shop.pending.recipients == (Recipient(1, "ann@Example.org"),)


def test_every_link_is_one_of_its_own(shop: Shop) -> None:
    """Two links to the same place are two messages."""
    assert shop.link().message_id != shop.link().message_id


def test_a_link_has_a_name_in_reports(shop: Shop) -> None:
    """Its group, else that of a pattern, else its URL less what varies and what we added."""
    shop.configure(
        group=[{"pattern": "/orders/", "name": "an order"}], url_params={"utm_source": "wp"}
    )
    shop.link(group="the sale")
    shop.link(url="https://example.com/orders/7")
    shop.link(url="https://example.com/?uid=7&page=2")
    shop.link()
    sent = [event.links[0] for event in shop.events if isinstance(event, MessagePending)]
    assert [each.group for each in sent] == ["the sale", "an order", None, None]
    assert [each.url for each in sent[2:]] == ["https://example.com/?page=2", URL]
    assert [each.ignored for each in sent[2:]] == [("uid", "utm_source"), ("utm_source",)]


def test_parameters_are_added_as_in_mail(shop: Shop) -> None:
    """Unless they are not wanted."""
    shop.configure(url_params={"utm_source": "wp", "utm_campaign": "{campaign}"})
    with_them = "https://www.example.com/sale?a=1&utm_source=wp&utm_campaign=sms#top"
    assert shop.link(campaign="sms").destination == with_them
    assert shop.link(campaign="sms", track=False).url == with_them
    assert shop.link(url_params=False).destination == URL


def test_a_signed_url_stays_as_it_is(shop: Shop) -> None:
    """A parameter would make it invalid: no link dead."""
    shop.configure(url_params={"utm_source": "wp"})
    signed = "https://www.example.com/file?X-Amz-Signature=0123"
    assert shop.link(url=signed).destination == signed


@pytest.mark.parametrize("url", ["https://go.example.com/c/AQ", "https://example.com/?u={{id}}"])
def test_what_is_tracked_or_not_written_yet_is_left_alone(shop: Shop, url: str) -> None:
    """A tracked link of ours, and a template's placeholder; not even parameters are added."""
    shop.configure(base_url="https://go.example.com", url_params={"utm_source": "wp"})
    assert shop.link(url=url) == Minted(url, url, tracked=False, message_id=None)


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
        shop.consents.latest[person] = ConsentRecord("2026-11-23", person, level)
    assert shop.link(person="no").tracked is False
    assert token_in(shop.link(person="some")).recipient == 0
    assert shop.pending.recipients == ()


def test_who_never_said_is_taken_to_agree_to_what_the_configuration_says(shop: Shop) -> None:
    """Who did say is not concerned, nor is a link for nobody in particular."""
    shop.consents.latest["yes"] = ConsentRecord("2026-11-23", "yes", Consent.FULL)
    shop.config = Config.model_validate({"privacy": {"consent": "none"}})
    assert shop.link(person="new").tracked is False
    assert token_in(shop.link(person="yes")).recipient == 1
    assert shop.link().tracked is True
    shop.config = Config.model_validate({"privacy": {"consent": "anonymous"}})
    assert token_in(shop.link(person="new")).recipient == 0


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


def test_a_short_link_that_cannot_be_made_counts_for_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tracker hears that nobody got it."""

    def full(_links: ShortLinks, _token: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ShortLinks, "add", full)
    with pytest.raises(OSError, match="No space"):
        shop.link(short=True)
    assert [type(event) for event in shop.events] == [MessagePending, MessageRefused]


def test_a_link_is_made_although_it_may_not_count_yet(shop: Shop) -> None:
    """It is there, and what makes it count is kept until it can be written."""
    shop.late_fault = SpoolError("full")
    assert token_in(shop.link()).destination == URL
    assert [type(event) for event in shop.events] == [MessagePending, MessageAccepted]


def test_a_destination_has_a_greatest_length(shop: Shop) -> None:
    """As in mail, parameters are left out before a link is."""
    shop.configure(max_destination=len(URL), url_params={"utm_source": "wp"})
    assert shop.link().destination == URL
    with pytest.raises(TooLong, match=f"longer than {len(URL)} characters"):
        shop.link(url=f"{URL}x")


# --- who comes

TOLD = {"param": "wp_id", "hosts": ["www.example.com"]}
ANN = "ann@Example.org"
ANNS = f"https://www.example.com/sale?a=1&wp_id={identifier('wp_id').hashed(ANN)}#top"


@pytest.fixture
def telling(shop: Shop) -> Shop:
    """Make links that tell one site who comes."""
    shop.configure(identify=TOLD)
    return shop


def test_a_site_is_told_who_comes(telling: Shop) -> None:
    """By the same id as in mail: the application's own as it is, that of an address hashed."""
    assert telling.link(person=ANN).destination == ANNS
    minted = telling.link(person="a&b")
    assert minted.destination == "https://www.example.com/sale?a=1&wp_id=a%26b#top"
    assert token_in(minted).destination == minted.destination


def test_mail_and_links_tell_the_same(telling: Shop) -> None:
    """The same destination for the same reader, parameters and all."""
    telling.configure(identify=TOLD, url_params={"utm_source": "wp"})
    submission = Submission(b"b@example.com", (ANN.encode(),), trusted=True)
    transformer = Transformer(telling.config, KEYRING, {}, identifier("wp_id"))
    out = transformer.prepare(html_message(link(URL)), submission, 1_795_000_000.0).shared()
    token = out.content.partition(b"/c/")[2].partition(b'"')[0].decode()
    assert out.pending is not None
    in_mail = read(KEYRING, token).destination
    assert telling.link(person=ANN).destination == in_mail
    (minted,), (mailed,) = telling.pending.links, out.pending.links
    assert minted == replace(mailed, text="")
    assert (minted.url, minted.group) == (URL, None)
    assert without_written(in_mail, minted.ignored) == URL


def test_parameters_and_ids_have_a_switch_each(telling: Shop) -> None:
    """No parameters does not mean no id."""
    telling.configure(identify=TOLD, url_params={"utm_source": "wp"})
    assert telling.link(person=ANN, url_params=False).destination == ANNS


def test_a_short_link_tells_as_well(telling: Shop) -> None:
    """The code stands for a token, whose destination is the same."""
    code = telling.link(person=ANN, short=True).url[-7:]
    assert read(KEYRING, telling.codes.token(code) or "").destination == ANNS


@pytest.mark.parametrize(
    "asked",
    [
        {"person": None},
        {"person": ANN, "track": False, "short": True},
        {"person": "some"},
        {"person": ANN, "url": "https://example.com/"},
        {"person": ANN, "url": "https://www.example.com/?wp_id=mine"},
        {"person": ANN, "url": "https://www.example.com/?a=1&X-Amz-Signature=0123"},
        {"person": ANN, "url": "https://www.example.com/?reset_token=abcdef"},
    ],
    ids=["nobody", "untracked", "no full consent", "other host", "has one", "signed", "secret"],
)
def test_some_links_tell_of_nobody(telling: Shop, asked: dict[str, Any]) -> None:
    """The rules are those of mail."""
    telling.consents.latest["some"] = ConsentRecord("2026-11-23", "some", Consent.ANONYMOUS)
    assert telling.link(**asked).destination == asked.get("url", URL)


def test_an_id_is_not_worth_a_link(telling: Shop) -> None:
    """Where it has no room, it stays away; so it does where a message's would."""
    telling.configure(identify=TOLD, max_destination=len(ANNS))
    assert telling.link(person=ANN).destination == ANNS
    telling.configure(identify=TOLD, max_destination=len(ANNS) - 1)
    assert telling.link(person=ANN).destination == URL
    assert telling.link(person="7").destination == URL


# --- senders

SENDERS = (
    {"domain": "example.net", "base_url": "https://go.example.net/x", "subdomains": True},
    {"domain": "example.org", "enabled": False},
)


def test_a_sender_has_its_own_tracking_host(shop: Shop) -> None:
    """Its name in any case, its subdomains where they are meant; short links begin with it too."""
    shop.configure(*SENDERS)
    for sender in ("example.net", "Example.NET", "news.example.net"):
        assert shop.link(sender=sender).url.startswith("https://go.example.net/x/c/")
    assert shop.link(sender="example.net", short=True).url.startswith("https://go.example.net/x/s/")
    assert shop.link().url.startswith("http://127.0.0.1:8080/c/")


def test_reports_are_told_the_sender(shop: Shop) -> None:
    """As of mail: the domain itself."""
    shop.configure(*SENDERS)
    shop.link(sender="News.example.net")
    assert shop.pending.sender_domain == "news.example.net"


def test_a_sender_may_be_off_for_good(shop: Shop) -> None:
    """Then nothing is tracked, and parameters need the switch that they need in mail."""
    shop.configure(*SENDERS, url_params={"utm_source": "wp"})
    assert shop.link(sender="example.org") == Minted(URL, URL, tracked=False, message_id=None)
    assert shop.link().tracked is True


@pytest.mark.parametrize(
    ("senders", "known"), [(SENDERS, "example.net, example.org"), ((), "none")]
)
def test_an_unknown_sender_is_told_who_is_known(
    shop: Shop, senders: tuple[dict[str, object], ...], known: str
) -> None:
    """Nothing is made for one; a subdomain has to be meant."""
    shop.configure(*senders)
    with pytest.raises(UnknownSender, match=f'"www.example.org" is not .*; configured: {known}$'):
        shop.link(sender="www.example.org")
    assert shop.events == []


def test_all_events_of_a_link_tell_the_second_of_its_token(shop: Shop) -> None:
    """By it and by its id the store names what was made."""
    token = shop.link(person="ann@example.net").url.rpartition("/")[2]
    link = read(KEYRING, token)
    seconds = [
        each.sent_s for each in shop.events if isinstance(each, MessagePending | MessageAccepted)
    ]
    assert seconds == [link.sent_at_s] * 2


def test_no_link_of_one_person_is_tracked_before_the_other_nodes_were_heard(shop: Shop) -> None:
    """They may have been told to track nobody so called; whose nobody is, anyone may have."""
    store = StoreConfig(url="postgresql:///w", state=shop.folder, node="a")
    shop.config = Config(store=store)
    with pytest.raises(NeverHeard, match="no link of one person is made before"):
        shop.link(person="ann@example.net")
    assert shop.events == []
    assert shop.link(person="ann@example.net", track=False).tracked is False
    assert shop.link().tracked
    CONSENTS.shared_of(store.file).touch()
    assert shop.link(person="ann@example.net").tracked
