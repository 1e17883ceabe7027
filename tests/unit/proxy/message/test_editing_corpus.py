"""Real messages: parsed without fail, and their HTML as the standard library reads it."""

import email
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.message.editing import Change, Edit, decode, parse, splice

pytestmark = pytest.mark.corpus

DISAGREEMENTS = {
    "testdata/parts/extra-base64-character.raw": (
        "one character too many in base64: the library gives up and returns the encoded text"
    ),
    "resources/eml/malformed/019.eml": (
        "a field name with a space before the colon: the library takes it for the body"
    ),
    "resources/eml/thirdparty/012.eml": (
        "a boundary folded inside its quotes: the library keeps the line ending in it"
    ),
}
"""Ends of paths, and why we read the HTML of these otherwise than the standard library does."""


def messages(corpus: Path) -> list[Path]:
    """Return every file of the corpus' mail."""
    return sorted(path for path in (corpus / "eml").rglob("*") if path.is_file())


def as_stored(raw: bytes) -> bytes:
    """Leave line endings alone."""
    return raw


def as_sent(raw: bytes) -> bytes:
    """End lines as an SMTP client would."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def their_html(raw: bytes) -> list[bytes]:
    """Return the HTML parts as the standard library decodes them, without final line endings.

    Where a closing boundary is missing it drops the last line ending of the message.
    """
    return [
        part.get_payload(decode=True).rstrip(b"\r\n")
        for part in email.message_from_bytes(raw).walk()
        if part.get_content_type() == "text/html"
    ]


def our_html(raw: bytes) -> list[bytes]:
    """Return the HTML parts as we decode them."""
    message = parse(raw)
    return [
        decode(message, part).octets.rstrip(b"\r\n")
        for part in message.parts
        if part.content_type == "text/html"
    ]


@pytest.mark.parametrize("form", [as_stored, as_sent])
def test_html_is_what_the_standard_library_reads(
    corpus: Path, form: Callable[[bytes], bytes]
) -> None:
    """Part by part and octet by octet, but for the disagreements above, each of which is real."""
    paths = messages(corpus)
    differing = {
        path
        for path in paths
        if our_html(form(path.read_bytes())) != their_html(form(path.read_bytes()))
    }
    explained = {path for path in paths if path.as_posix().endswith(tuple(DISAGREEMENTS))}
    assert differing == explained


@pytest.mark.parametrize("form", [as_stored, as_sent])
def test_any_span_can_be_edited_and_nothing_else_moves(
    corpus: Path, form: Callable[[bytes], bytes]
) -> None:
    """Every twentieth word of every text, where that is allowed; then the parts are where they were."""
    for path in messages(corpus):
        message = parse(form(path.read_bytes()))
        for index, part in enumerate(message.parts):
            if part.content_type not in {"text/html", "text/plain"}:
                continue
            body = decode(message, part)
            spans = [(at, at + 3) for at in range(0, len(body.octets) - 3, 100)]
            obstacles = body.obstacles([Change(*span, 40) for span in spans])
            edits = [
                Edit(*span, b"x" * 40)
                for span, obstacle in zip(spans, obstacles, strict=True)
                if obstacle is None
            ]
            again = parse(splice(message.raw, body.to_raw(edits)))
            assert len(again.parts) == len(message.parts), path
            read = decode(again, again.parts[index]).octets
            assert read == splice(body.octets, edits), path
