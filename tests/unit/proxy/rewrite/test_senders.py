"""Whose mail is tracked, and under which policy."""

import dataclasses
from pathlib import Path

import pytest

from config.schema import (
    Config,
    TrackerConfig,
    TrackingConfig,
    WellKnownConfig,
)
from proxy.policy import Untouched
from proxy.rewrite.transformer import Transformer
from tests.support.mail import HEAD, html_message, link
from tests.support.outgoing import (
    HTML,
    KEYRING,
    NOW_S,
    ONE,
    URL,
    outgoing,
    tokens,
)


@pytest.mark.parametrize(
    ("domain", "subdomains", "known"),
    [
        ("example.com", False, True),
        ("EXAMPLE.com", False, True),
        ("news.example.com", False, False),
        ("news.example.com", True, True),
        ("badexample.com", True, False),
        ("example.net", True, False),
    ],
)
def test_only_configured_senders_are_tracked(domain, subdomains, known):
    """Subdomains where they are meant too."""
    message = html_message(HTML, head=HEAD.replace("example.com>\r\nTo", f"{domain}>\r\nTo"))
    out = outgoing(message, subdomains=subdomains)
    assert out.untouched == (None if known else Untouched.UNKNOWN_SENDER)


def test_without_configured_senders_all_mail_is_tracked_unsigned():
    """The simplest set-up."""
    out = Transformer(Config(), KEYRING, {}).prepare(html_message(HTML), ONE, NOW_S).shared()
    assert out.pending.sender_domain == "example.com"
    assert b"DKIM-Signature" not in out.content


def test_a_sender_without_a_key_is_tracked_unsigned():
    """The relay may sign."""
    out = outgoing(html_message(HTML), signs=False)
    assert tokens(out.content)
    assert b"DKIM-Signature" not in out.content


def test_a_sender_has_its_own_tracking_host_and_switches():
    """base_url, enabled and default of the [[sender]]."""
    out = outgoing(html_message(HTML), base_url="https://go.example.com")
    assert b'href="https://go.example.com/c/' in out.content
    assert outgoing(html_message(HTML), enabled=False).untouched == Untouched.DISABLED
    assert outgoing(html_message(HTML), default="off").untouched == Untouched.OFF_BY_DEFAULT


@pytest.mark.parametrize(
    ("host", "opens"), [(None, True), ("t.example.net", True), ("go.example.com", False)]
)
def test_app_links_have_a_path_where_phones_know_the_app(host, opens):
    """On the host that the configuration says it of, or on all."""
    config = Config(
        tracking=TrackingConfig(base_url="https://t.example.net"),
        tracker=TrackerConfig(well_known=(WellKnownConfig(host=host, assetlinks=Path("a.json")),)),
    )
    message = html_message(link(URL, 'universal="true"') + link("https://example.com/b"))
    out = Transformer(config, KEYRING, {}).prepare(message, ONE, NOW_S).shared().content
    assert (b"https://t.example.net/c/app/" in out) is opens
    assert (URL.encode() in out) is not opens


def test_8bit_for_a_7bit_relay_is_not_signed_into_breakage():
    """Only where we sign."""
    message = html_message(link(URL, text="é"))
    seven = dataclasses.replace(ONE, relay_8bitmime=False)
    assert outgoing(message, seven).untouched == Untouched.RELAY_WOULD_ALTER
    assert outgoing(message, seven, signs=False).untouched is None
