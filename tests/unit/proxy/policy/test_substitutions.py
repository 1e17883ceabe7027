"""The tags that a message names for its relay to fill in."""

import json

import pytest

from proxy.message.editing import parse
from proxy.policy.substitutions import tags


def message(*values: str) -> bytes:
    """Return a message with these values of X-SMTPAPI."""
    return "".join(f"X-SMTPAPI: {value}\r\n" for value in values).encode() + b"\r\nx"


def test_tags_and_sections_are_read():
    """As SendGrid reads them, in all headers of the name."""
    sub = json.dumps({"to": ["a@example.net"], "sub": {"-customerID-": ["17"], "%name%": ["Ann"]}})
    section = json.dumps({"section": {"-greeting-": "Dear %name%"}})
    assert tags(parse(message(sub, section))) == ("-customerID-", "%name%", "-greeting-")


def test_a_folded_header_is_read():
    """JSON takes a line break between its values."""
    folded = '{"sub": {"-a-":\r\n ["1"]}}'
    assert tags(parse(message(folded))) == ("-a-",)


def test_a_tag_is_looked_for_as_a_url_has_it():
    """Spaces and other letters are percent-encoded there."""
    assert tags(parse(message('{"sub": {"-Käufer 1-": []}}'))) == (
        "-Käufer 1-",
        "-K%C3%A4ufer%201-",
    )


@pytest.mark.parametrize(
    "value", ["", "x", "[]", '{"sub": []}', '{"sub": {"": ["1"]}}', "[" * 50_000, "{}"]
)
def test_what_names_no_tags_has_none(value):
    """Whatever it is."""
    assert tags(parse(message(value))) == ()
