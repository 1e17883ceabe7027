"""What the headers of a message say: switches, campaign, consent, List-Unsubscribe."""

import json
import re
from email.message import EmailMessage

import pytest

from proxy.policy import Policy, Skip, Untouched
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link
from tests.support.plans import (
    URL,
    reasons,
)


@pytest.mark.parametrize(("enable", "reason"), [(1, None), (0, Untouched.TRACKING_OFF)])
def test_json_headers_in_encoded_words_are_understood(enable, reason):
    """Python's email library writes a long value without spaces so."""
    api = {"x": "y" * 90, "filters": {"clicktrack": {"settings": {"enable": enable}}}}
    message = EmailMessage()
    message["From"] = "a@example.com"
    message["X-SMTPAPI"] = json.dumps({**api, "category": "spring"}, separators=(",", ":"))
    message.set_content(link(URL), subtype="html")
    assert b"=?utf-8?" in message.as_bytes()
    made = plan(message.as_bytes(), Policy())
    assert (made.untouched, made.campaign, made.asked.odd) == (reason, "spring", ())


def test_the_list_unsubscribe_url_is_left_alone():
    """Whatever its spelling in HTML, one click must go on unsubscribing."""
    header = "List-Unsubscribe: <mailto:u@example.com>,\r\n <https://example.com/u?a=1&b=2>"
    html = link("https://example.com/u?a=1&amp;b=2") + link("https://example.com/u?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


@pytest.mark.parametrize(
    "header",
    [
        "List-Unsubscribe: https://example.com/u?a=1",
        "List-Unsubscribe: <mailto:u@example.com>, <HTTPS://Example.COM/u?a=1>",
        "List-Unsubscribe: =?utf-8?q?=3Chttps=3A//example=2Ecom?=\r\n =?utf-8?q?/u=3Fa=3D1=3E?=",
    ],
)
def test_the_list_unsubscribe_url_is_known_however_it_is_written(header):
    """Without brackets, in capitals, or in encoded words, as libraries fold long ones."""
    html = link("https://example.com/u?a=1") + link("https://example.com/U?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


@pytest.mark.parametrize("value", ["on", "YES", "true", "1"])
def test_a_message_can_switch_tracking_on(value):
    """Where the default is off."""
    assert plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy(default=False)).links


@pytest.mark.parametrize("value", ["off", "No", "false", "0", "", "maybe", "on off"])
def test_a_message_can_switch_tracking_off(value):
    """Whatever is no clear yes counts as off."""
    made = plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy())
    assert made.untouched == Untouched.TRACKING_OFF
    clear = value.lower() in {"off", "no", "false", "0"}
    assert made.asked.odd == (() if clear else ("x-track-links",))


def test_of_several_headers_off_wins():
    """The order does not matter, nor whose header it is."""
    for pair in (("X-Track-Links: on", "X-Track-Links: off"), ("X-Track-Links: on", "X-AMP: skip")):
        for headers in (pair, pair[::-1]):
            assert (
                plan(html_message(link(URL), *headers), Policy()).untouched
                == Untouched.TRACKING_OFF
            )


@pytest.mark.parametrize(
    ("headers", "policy", "campaign"),
    [
        ((), Policy(), "Spring"),
        (("X-Track-Campaign: =?utf-8?b?R3LDvMOfZQ==?=  &\r\n more",), Policy(), "Grüße & more"),
        (("X-Track-Campaign:",), Policy(), "Spring"),
        (("X-PM-Tag: tag", "X-Track-Campaign: own"), Policy(), "own"),
        (("X-PM-Tag: tag",), Policy(), "tag"),
        (("X-PM-Tag: tag",), Policy(dialects=frozenset()), "Spring"),
        (("List-Id: News of ours <news.example.com>",), Policy(campaign_from="list-id"), "news.example.com"),
        ((), Policy(campaign_from="list-id"), None),
        ((), Policy(campaign_from="none"), None),
        (("X-Track-Campaign: x",), Policy(campaign_from="none"), "x"),
    ],
)  # fmt: skip
def test_a_message_has_a_campaign(headers, policy, campaign):
    """Our header, those of others, else what the configuration points at."""
    assert plan(html_message(link(URL), *headers), policy).campaign == campaign


@pytest.mark.parametrize(
    "subject", ["=?utf-8?b?####?=", "=?nonsense?q?x?=", "\x01 \x7f", "x" * 9000]
)
def test_odd_subjects_make_no_trouble(subject):
    """A campaign is one short line, or nothing."""
    made = plan(
        html_message(link(URL), head=f"From: a@example.com\r\nSubject: {subject}\r\n"), Policy()
    )
    assert made.failure is None
    assert re.fullmatch(r"[^\x00-\x1f\x7f]{0,200}", made.campaign or "")


def test_consent_is_read():
    """The strictest of several counts, and what nobody defined counts as none."""
    for values, consent in {
        ("full",): "full",
        ("anonymous", "full"): "anonymous",
        ("?",): "none",
    }.items():
        headers = [f"X-Track-Person-Consent: {value}" for value in values]
        assert plan(html_message(link(URL), *headers), Policy()).asked.consent == consent
