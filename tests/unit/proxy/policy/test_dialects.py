"""Each convention of other systems, and of our own, does what the table says; a case for each row."""

import dataclasses

import pytest

from config.schema import DIALECTS
from proxy.policy import Policy, Skip
from proxy.policy.dialects import (
    HEADER_CONVENTIONS,
    LINK_CONVENTIONS,
    NATIVE,
    OWN_HEADERS,
    Effect,
)
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link
from tests.support.plans import URL, UTM_SOURCE, outcome

WITHOUT = dataclasses.replace(UTM_SOURCE, dialects=frozenset())


ROWS = {f"{row.dialect} {row.example}": row for row in LINK_CONVENTIONS}


TRACKED = (None, URL + "?utm_source=mail", URL)


EXPECTED = {
    Effect.TRACKED: TRACKED,
    Effect.NO_PARAMS: (None, URL, URL),
    Effect.PARAMS: TRACKED,
    Effect.UNSUBSCRIBE: (Skip.UNSUBSCRIBE, URL, URL),
    Effect.APP_LINK: (Skip.APP_LINK, URL, URL),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_convention_of_links_is_understood(name):
    """As it is written in the table, which is how the documentation shows it."""
    row = ROWS[name]
    attributes = row.example
    if row.effect is Effect.UNTRACKED:
        assert outcome(attributes) == (row.skip, URL, URL)
    elif row.effect is Effect.GROUP:
        assert outcome(attributes)[2] in {"name", "key:name;"}
    else:
        assert outcome(attributes) == EXPECTED[row.effect]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.dialect != NATIVE])
def test_a_convention_of_links_can_be_switched_off(name):
    """Without its dialect it is an attribute like any other."""
    assert outcome(ROWS[name].example, WITHOUT) == TRACKED


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ('CLICKTRACKING="OFF"', Skip.CLICKTRACKING),
        ("clicktracking", None),
        ('clicktracking="on"', None),
        ("data-track", None),
        ('data-track="no"', Skip.DATA_TRACK),
        ('class="a\nUNTRACKED b"', Skip.UNTRACKED_CLASS),
        ('class="untracked-x"', None),
        ('disable-tracking="false"', None),
        ("disable-tracking", Skip.DISABLE_TRACKING),
        ('data-no-track="0"', None),
        ("data-no-track", Skip.NO_TRACK),
        ('ses:no-track=""', Skip.SES_NO_TRACK),
        ('universal="false"', None),
        ('data-link-group=" "', None),
    ],
)
def test_values_are_read_as_people_write_them(attributes, reason):
    """Without case; a flag needs no value; a switch needs one."""
    assert outcome(attributes)[0] == reason


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


def test_every_dialect_is_one_of_the_configurations():
    """And every name that the configuration knows is spoken."""
    spoken = {row.dialect for row in (*LINK_CONVENTIONS, *HEADER_CONVENTIONS)}
    assert spoken == {NATIVE, *DIALECTS}


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
