"""What the MIME fields of an entity say of it: facts, and why to leave it alone."""

import pytest

from proxy.message.entity import EntityFacts, header_steps
from proxy.message.fields import HeaderBlock, read_fields
from proxy.message.mime import TransferEncoding
from proxy.message.model import Skip


def block(head: bytes) -> HeaderBlock:
    """Read a header."""
    return read_fields(head + b"\r\n", 0, lambda _: False)


def test_without_fields_an_entity_is_of_its_default_type() -> None:
    """And stands as it is."""
    facts = EntityFacts.read(block(b""), "message/rfc822")
    assert facts.kind.value == "message/rfc822"
    assert facts.is_plain
    assert (facts.attachment, facts.inline, facts.checksum) == (False, False, False)


def test_all_fields_are_read() -> None:
    """Whatever the case of their names."""
    facts = EntityFacts.read(
        block(
            b"CONTENT-TYPE: text/html\r\nContent-transfer-encoding: base64\r\n"
            b"Content-Disposition: inline\r\nContent-MD5: x\r\n"
        )
    )
    assert (facts.kind.value, facts.encoding) == ("text/html", TransferEncoding.BASE64)
    assert (facts.attachment, facts.inline, facts.checksum) == (False, True, True)


@pytest.mark.parametrize(
    ("head", "doubt"),
    [
        (b"Content-Type: text/html; charset=a; charset=b\r\n", Skip.MALFORMED),
        (b"Content-Type: multipart/mixed\r\nContent-Transfer-Encoding: odd\r\n", Skip.MALFORMED),
        (b"Content-Type: multipart/mixed\r\nContent-Disposition: attachment\r\n", Skip.ATTACHMENT),
        (b"Content-Type: text/html\r\nContent-Disposition: attachment\r\n", None),
    ],
)
def test_what_is_doubtful_is_left_alone_with_all_inside(head: bytes, doubt: Skip | None) -> None:
    """Leaf or not."""
    assert EntityFacts.read(block(head)).doubt() is doubt


@pytest.mark.parametrize(
    ("head", "skip"),
    [
        (b"Content-Type: message/rfc822\r\n", Skip.NESTED_MESSAGE),
        (b"Content-Disposition: attachment\r\n", Skip.ATTACHMENT),
        (b"Content-Transfer-Encoding: odd\r\n", Skip.ENCODING),
        (b"Content-MD5: x\r\n", Skip.CHECKSUM),
        (b"Content-Type: text/html\r\n", None),
    ],
)
def test_a_leaf_is_left_alone_for_its_own_sake(head: bytes, skip: Skip | None) -> None:
    """The first reason counts."""
    assert EntityFacts.read(block(head)).own_skip(whole=False) is skip


def test_a_whole_message_that_is_inline_is_no_file() -> None:
    """Though its type has a name."""
    facts = EntityFacts.read(
        block(b"Content-Type: text/html; name=x\r\nContent-Disposition: inline\r\n")
    )
    assert facts.own_skip(whole=True) is None
    assert facts.own_skip(whole=False) is Skip.ATTACHMENT


def test_a_long_header_is_more_work() -> None:
    """By its octets."""
    assert header_steps(1004) - header_steps(0) == 502
