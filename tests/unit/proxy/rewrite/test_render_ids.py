"""Ids of persons in mail: which links carry one, and in whose copy."""

import dataclasses
from typing import TYPE_CHECKING

import pytest

from config.keys.token_keys import new_token_key
from config.schema import Config, IdentifyConfig, ProxyConfig, StoreConfig, TrackingConfig
from proxy.policy import Policy
from proxy.rewrite.planner import plan
from proxy.rewrite.transformer import Submission, Transformer
from tests.support.mail import html_message, link
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.records.live import LiveRecords
from tracker.tokens import PATH, Keyring, read
from tracker.urls.params import without_written
from tracker.urls.reader_id import Identifier

if TYPE_CHECKING:
    from tracker.decisions.files import ConsentsInForce

KEYRING = Keyring([new_token_key()])
IDENTIFIER = Identifier("wp_id", bytes(range(32)))
READER = "reader@example.org"
HASHED = IDENTIFIER.hashed(READER)
URL = "https://shop.example.net/a?x=%41#top"
MARKED = f"https://shop.example.net/a?x=%41&wp_id={HASHED}#top"
ONE = Submission(b"bounce@example.com", (READER.encode(),), trusted=True)
TWO = dataclasses.replace(ONE, rcpt_to=(READER.encode(), b"b@example.org"))
NOW_S = 1_795_000_000.5


def config(**tracking) -> Config:
    """Return a configuration that tells one host."""
    told = IdentifyConfig(param="wp_id", hosts=("shop.example.net",))
    settings = {"base_url": "https://t.example.net", "identify": told, **tracking}
    return Config(tracking=TrackingConfig(**settings), proxy=ProxyConfig(copies="per-recipient"))


def prepared(html: str, *headers: str, submission: Submission = ONE, **tracking):
    """Do the work on one message."""
    transformer = Transformer(config(**tracking), KEYRING, {}, IDENTIFIER)
    return transformer.prepare(html_message(html, *headers), submission, NOW_S)


def destinations(content: bytes) -> list[str]:
    """Read back where the links of a message lead."""
    found = content.split(b"https://t.example.net" + PATH.encode())[1:]
    return [read(KEYRING, each.split(b'"')[0].decode()).destination for each in found]


def leads_to(html: str, *headers: str, **more) -> list[str]:
    """Return where the links of the copy for one reader lead."""
    return destinations(prepared(html, *headers, **more).shared().content)


def test_a_destination_is_told_who_clicks():
    """Before the fragment, not an octet disturbed; other hosts learn nothing, subdomains neither."""
    other = "https://example.net/b"
    below = "https://www.shop.example.net/"
    assert leads_to(link(URL) + link(other) + link(below)) == [MARKED, other, below]


def test_the_applications_id_is_told():
    """Written as parameters are."""
    told = ["https://shop.example.net/a?x=%41&wp_id=a%26b%20c#top"]
    assert leads_to(link(URL), "X-Track-Person: a&b c") == told


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.net/?wp_id=mine",
        "https://shop.example.net/?a=1&X-Amz-Signature=0123",
        "https://shop.example.net/?reset_token=abcdef",
    ],
)
def test_some_links_carry_no_id(url):
    """Those that have one already, are signed, or hold a secret."""
    assert leads_to(link(url, 'data-track="true"')) == [url]


def test_an_id_is_not_worth_an_untracked_link():
    """Where a destination would grow too long, parameters go first, then the id stays away."""
    params = {"utm_source": "mail"}
    room = len(MARKED)
    assert leads_to(link(URL), url_params=params, max_destination=room) == [
        "https://shop.example.net/a?x=%41&utm_source=mail#top"
    ]
    assert leads_to(link(URL), max_destination=room) == [MARKED]
    assert leads_to(link(URL), max_destination=room - 1) == [URL]


def test_links_that_are_not_tracked_carry_no_id():
    """Nor do unsubscribe links: they stand as they came."""
    html = link(URL, 'class="untracked"') + link("https://shop.example.net/u")
    headers = ("List-Unsubscribe: <https://shop.example.net/u>",)
    out = prepared(html, *headers).shared()
    assert HASHED.encode() not in out.content
    assert out.content.count(b"shop.example.net") == 3


def test_url_params_off_does_not_stop_ids():
    """Parameters and ids have a switch each."""
    off = "X-Track-URL-Params: off"
    assert leads_to(link(URL), off, url_params={"utm_source": "mail"}) == [MARKED]
    assert leads_to(link(URL), url_params={"utm_source": "m"}) == [
        f"https://shop.example.net/a?x=%41&utm_source=m&wp_id={HASHED}#top"
    ]


def test_a_copy_for_several_tells_of_nobody():
    """In copies of their own, each is told of; the application's id is nobody's then."""
    work = prepared(link(URL), "X-Track-Person: 4711", submission=TWO)
    assert destinations(work.shared().content) == [URL]
    assert destinations(work.personal(0).content) == [MARKED]
    (second,) = destinations(work.personal(1).content)
    assert IDENTIFIER.hashed("b@example.org") in second


@pytest.mark.parametrize("level", ["anonymous", "none"])
def test_without_full_consent_nobody_is_told_of(level, tmp_path):
    """Whether the message says so, or the list of persons."""
    said = prepared(link(URL), f"X-Track-Person-Consent: {level}").shared()
    settings = config().model_copy(
        update={"store": StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db")}
    )
    files.record(settings.store.file, READER, Consent(level))
    known: ConsentsInForce = LiveRecords(files.CONSENTS, settings.store.file)
    transformer = Transformer(settings, KEYRING, {}, IDENTIFIER, known.latest)
    listed = transformer.prepare(html_message(link(URL)), ONE, NOW_S).shared()
    for out in (said, listed):
        assert destinations(out.content) == ([URL] if level == "anonymous" else [])


def test_it_is_off_by_default():
    """And nothing makes room for it."""
    assert leads_to(link(URL), identify=IdentifyConfig()) == [URL]


def test_the_size_of_an_id_is_foreseen():
    """In the growth that is told, and where a line must not become too long."""
    message = html_message(link(URL))
    policy = Policy.from_config(config())
    plain = Policy.from_config(config(identify=IdentifyConfig()))
    (room,) = plan(message, policy).links
    (less,) = plan(message, plain).links
    assert room.url_octets == plain.worst_octets(len(MARKED)) > less.url_octets
    padding = "x" * (998 - less.url_octets - len('<a href="" >text</a>'))
    long = html_message(link(URL) + padding + link(URL))
    assert len(plan(long, plain).links) == 2
    assert len(plan(long, policy).links) == 1


def test_reports_call_a_link_the_same_for_everyone():
    """What is told of the message holds no id, and names the link whatever was clicked."""
    (sent,) = prepared(link(URL)).shared().pending.links
    assert (sent.url, sent.group, sent.ignored) == (URL, None, ("wp_id",))
    assert without_written(MARKED, sent.ignored) == without_written(URL, sent.ignored) == URL


def test_reports_are_told_the_same_of_every_copy(tmp_path):
    """One tells who comes, the other does not, as its reader did not agree to it."""
    settings = config(url_params={"utm_source": "mail"}).model_copy(
        update={"store": StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db")}
    )
    files.record(settings.store.file, READER, Consent.ANONYMOUS)
    known: ConsentsInForce = LiveRecords(files.CONSENTS, settings.store.file)
    made = Transformer(settings, KEYRING, {}, IDENTIFIER, known.latest).prepare(
        html_message(link(URL.replace("#", "&amp;uid=7#"))), TWO, NOW_S
    )
    copies = [made.personal(index) for index in (0, 1)]
    places = [destinations(each.content)[0] for each in copies]
    assert ["wp_id=" in each for each in places] == [False, True]
    (sent,), other = (each.pending.links for each in copies)
    assert (sent,) == other
    assert sent.ignored == ("uid", "utm_source", "wp_id")
    assert {sent.url, *(without_written(each, sent.ignored) for each in places)} == {URL}


# --- the way back
