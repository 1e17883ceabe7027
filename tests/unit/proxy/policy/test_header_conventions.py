"""Each convention of messages does what the table says, our own and those of other systems."""

import dataclasses

import pytest

from proxy.policy import Policy
from proxy.policy.header_conventions import HEADER_CONVENTIONS, OWN_HEADERS
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link
from tests.support.plans import URL, UTM_SOURCE

WITHOUT = dataclasses.replace(UTM_SOURCE, dialects=frozenset())


HEADERS: dict[bytes, list[tuple[str, object]]] = {
    b"x-track-links": [("on", True), ("off", False), ("?", False)],
    b"x-track-campaign": [("spring", "spring")],
    b"x-track-person": [("4711", ("person", "4711"))],
    b"x-track-url-params": [("on", ("params", True)), ("off", ("params", False)), ("?", ("params", False))],
    b"x-track-opens": [("on", ("opens", True)), ("off", ("opens", False)), ("?", ("opens", False))],
    b"x-track-person-consent": [
        ("full", ("consent", "full")),
        ("Anonymous", ("consent", "anonymous")),
        ("none", ("consent", "none")),
        ("?", ("consent", "none")),
    ],
    b"x-pm-tracklinks": [
        ("None", False), ("HtmlAndText", True), ("HtmlOnly", True), ("TextOnly", False), ("?", False),
    ],
    b"x-pm-tag": [("spring", "spring")],
    b"x-mailgun-track": [("yes", True), ("no", False)],
    b"x-mailgun-track-clicks": [("yes", True), ("htmlonly", True), ("no", False)],
    b"x-mailgun-tag": [("spring", "spring")],
    b"x-smtpapi": [
        ('{"filters": {"clicktrack": {"settings": {"enable": 0}}}}', False),
        ('{"filters": {"clicktrack": {"settings": {"enable": 1}}}}', True),
        ('{"filters": {"clicktrack": {"settings": {"enable": "1"}}}}', True),
        ('{"filters": {"opentrack": {"settings": {"enable": 0}}}}', None),
        ('{"category": "spring"}', "spring"),
        ('{"category": ["spring", "sale"]}', "spring"),
        ('{"to": ["a@example.org",\r\n "b@example.org"]}', None),
        ("not JSON", False),
        ("[" * 100_000, False),
    ],
    b"x-msys-api": [
        ('{"options": {"click_tracking": false}}', False),
        ('{"options": {"click_tracking": true}}', True),
        ('{"options": []}', None),
        ('{"campaign_id": "spring"}', "spring"),
        ("[1]", False),
    ],
    b"x-mc-track": [
        ("opens,clicks", True), ("opens, clicks_all", True), ("clicks_htmlonly", True),
        ("clicks_textonly", False), ("opens", False), ("none", False), ("", False),
    ],
    b"x-mc-tags": [("spring,sale", "spring")],
    b"x-mailjet-trackclick": [("1", True), ("0", False)],
    b"x-mailjet-campaign": [("spring", "spring")],
    b"x-postal-tag": [("spring", "spring")],
    b"x-amp": [("skip", False), ("else", None)],
    b"x-ee-tracking-enabled": [("true", True), ("false", False)],
    b"x-greenarrow-click-tracking-id": [("4711", ("person", "4711"))],
    b"x-smtpeter-trackclicks": [("true", True), ("0", False)],
    b"x-unosend-track-clicks": [("true", True), ("false", False)],
    b"x-no-track": [("anything", False), ("", False)],
}  # fmt: skip
"""By header: values with what they switch (True, False, None), name (text) or say (field, value)."""


HEADER_ROWS = {row.name: row for row in HEADER_CONVENTIONS}


CASES = [(name, value, meaning) for name, cases in HEADERS.items() for value, meaning in cases]


def test_every_row_has_a_case():
    """A new convention comes with its test."""
    assert HEADERS.keys() == HEADER_ROWS.keys()


def message(name: bytes, value: str) -> bytes:
    """Return a message that carries the header."""
    return html_message(link(URL), f"{name.decode().title()}: {value}")


@pytest.mark.parametrize(("name", "value", "meaning"), CASES)
def test_a_convention_of_messages_is_understood(name, value, meaning):
    """Switches decide where there is a default to decide against, names name."""
    made = {
        default: plan(message(name, value), Policy(default=default)) for default in (True, False)
    }
    if isinstance(meaning, tuple):
        assert getattr(made[True].asked, meaning[0]) == meaning[1]
    elif isinstance(meaning, str):
        assert made[True].campaign == meaning
    else:
        expected = {True: (True, True), False: (False, False), None: (True, False)}[meaning]
        assert (bool(made[True].links), bool(made[False].links)) == expected


@pytest.mark.parametrize(
    "row", [row for row in HEADER_CONVENTIONS if not row.native], ids=lambda row: row.name.decode()
)
def test_a_convention_of_messages_can_be_switched_off(row):
    """Without its dialect it is a header like any other."""
    for value, _ in HEADERS[row.name]:
        made = plan(message(row.name, value), WITHOUT)
        assert (made.untouched, made.campaign, made.asked.person) == (None, "Spring", None)


def test_own_headers_are_those_of_the_table():
    """They are what is removed before forwarding."""
    assert {
        b"x-track-links",
        b"x-track-campaign",
        b"x-track-person",
        b"x-track-url-params",
        b"x-track-person-consent",
        b"x-track-opens",
    } == OWN_HEADERS
