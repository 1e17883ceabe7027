"""The links of a message by which it counts, and where they stand in its HTML."""

import re

import pytest

from config.schema import Config, SenderConfig, TrackingConfig
from proxy.clickmap import links
from proxy.clickmap.links import MarkedHtml, NoMap, marked
from proxy.policy.reasons import Skip, Untouched
from proxy.rewrite.transformer import Transformer
from tests.support.mail import html_message, html_part, link, multipart, text_part
from tests.support.outgoing import KEYRING, NOW_S, ONE, SIGNER
from tests.support.plans import BUTTON, DKIM

URL = "https://shop.example.net/a?x=1&y=2"
HTML = link(URL.replace("&", "&amp;")) + link("https://example.net/b", 'class="untracked"')
CONFIG = Config(tracking=TrackingConfig(base_url="https://t.example.net"))


def told(message: bytes, config: Config = CONFIG) -> MarkedHtml:
    """Return what is known of a message."""
    return marked(message, config, KEYRING)


def marks(found: MarkedHtml) -> list[int]:
    """Return the numbers that stand in the HTML."""
    return [int(number) for number in re.findall(r'"waypost:(\d+)"', found.html)]


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("8bit", "iso-8859-1"),
        ("quoted-printable", "utf-8"),
        ("base64", "utf-8"),
        ("base64", "utf-16"),
    ],
)
def test_each_tracked_link_is_marked_and_has_the_name_by_which_it_counts(
    encoding: str, charset: str
) -> None:
    """However the message is encoded; all else of its HTML is as it was."""
    found = told(html_message(f"<p>é</p>{HTML}", encoding=encoding, charset=charset))
    assert [(each.number, each.url, each.text) for each in found.links] == [(1, URL, "text")]
    assert marks(found) == [1]
    assert "<p>é</p>" in found.html
    assert [(each.destination, each.reason) for each in found.skipped] == [
        ("https://example.net/b", Skip.UNTRACKED_CLASS)
    ]
    assert not found.received


def test_a_button_and_its_twin_for_outlook_are_one() -> None:
    """The number is the one that people see."""
    found = told(html_message(BUTTON.format("https://example.net/buy")))
    assert [each.number for each in found.links] == [1]
    assert marks(found) == [1, 1]


def test_groups_and_parameters_of_our_own_are_told_as_the_store_is_told() -> None:
    """Parameters are no part of a name."""
    config = Config(tracking=TrackingConfig(url_params={"utm_source": "mail"}))
    html = link(URL.replace("&", "&amp;")) + link("https://example.net/c", 'data-link-group="top"')
    plain, named = told(html_message(html), config).links
    assert (plain.url, plain.group, plain.ignored) == (URL, None, ("utm_source",))
    assert (named.url, named.group) == ("https://example.net/c", "top")


def test_the_senders_own_policy_counts() -> None:
    """Where its mail has one; mail of nobody's is drawn all the same."""
    sender = SenderConfig(domain="example.com", enabled=False)
    assert told(html_message(HTML), Config(sender=(sender,))).untouched is Untouched.DISABLED
    other = Config(sender=(SenderConfig(domain="example.org"),))
    assert marks(told(html_message(HTML), other)) == [1]


@pytest.mark.parametrize(
    "header", [DKIM.format("example.org"), "ARC-Seal: i=1; a=rsa-sha256", "Received: from x by y"]
)
def test_what_servers_added_is_in_nobodys_way(header: str) -> None:
    """A message that somebody received can be drawn, too."""
    assert marks(told(html_message(HTML, header))) == [1]


def test_lines_that_relays_would_fold_are_drawn() -> None:
    """They may have been encoded otherwise when the message was sent."""
    found = told(html_message("<p>" + "x" * 2000 + HTML.replace("\r\n", "")))
    assert marks(found) == [1]


@pytest.mark.parametrize("params", [{}, {"utm_source": "mail"}])
def test_a_message_as_it_was_received_has_the_links_of_the_one_that_was_sent(
    params: dict[str, str],
) -> None:
    """Their tokens say where they lead."""
    config = Config(
        sender=(SenderConfig(domain="example.com"),),
        tracking=TrackingConfig(base_url="https://t.example.net", url_params=params),
    )
    sent = html_message(HTML, encoding="quoted-printable")
    out = Transformer(config, KEYRING, {"example.com": [SIGNER]}).prepare(sent, ONE, NOW_S)
    received = told(out.shared().content, config)
    assert b"https://t.example.net/c/" in out.shared().content
    assert received.received
    assert received.links == told(sent, config).links
    assert received.html == told(sent, config).html


def test_tracked_links_that_no_key_reads_stay_as_they_are() -> None:
    """They are our own, and so not tracked again."""
    html = link("https://t.example.net/c/AQEAAAAA")
    found = told(html_message(html))
    assert [each.reason for each in found.skipped] == [Skip.OWN_HOST]
    assert not marked(html_message(html), CONFIG, None).received


def test_a_message_that_asks_not_to_be_tracked_says_so() -> None:
    """With its links, none of which is marked."""
    found = told(html_message(HTML, "X-Track-Links: off"))
    assert found.untouched is Untouched.TRACKING_OFF
    assert (found.links, marks(found)) == ((), [])


def test_the_campaign_is_the_one_that_it_would_count_for() -> None:
    """So that another one can be told."""
    assert told(html_message(HTML, "X-Track-Campaign: launch")).campaign == "launch"


def test_of_several_parts_the_first_html_that_is_shown_is_drawn() -> None:
    """As mail programs do."""
    message = multipart("alternative", text_part("Hi"), html_part(HTML), html_part("<p>amp</p>"))
    assert marks(told(message)) == [1]


ATTACHED = (
    b'Content-Type: text/html\r\nContent-Disposition: attachment; filename="a.html"\r\n\r\n<p>'
)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "no message"),
        (b"<html><body>Hi</body></html>\r\n", "no message"),
        (b"Subject: Hi\r\n\r\nHi.\r\n", "no HTML"),
        (multipart("mixed", text_part("Hi"), ATTACHED), "no HTML that is shown (attachment)"),
    ],
)
def test_what_cannot_be_drawn_says_why(message: bytes, why: str) -> None:
    """In words that help."""
    with pytest.raises(NoMap, match=re.escape(why)):
        told(message)


def test_html_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads so much."""
    monkeypatch.setattr(links, "MAX_HTML_OCTETS", 10)
    with pytest.raises(NoMap, match="more than 10 octets"):
        told(html_message(HTML))
