"""Which header fields are signed, and which are left out for their length."""

import pytest

from proxy.message.editing import parse
from proxy.signing.signed_fields import (
    LEFT_OUT_IF_LONG,
    OVERSIGNED_FIELDS,
    SIGNED_FIELDS,
    is_too_long,
    too_long_to_sign,
)


def left_out(head: bytes) -> frozenset[bytes]:
    """Return what is left out of the signature of a message with this header."""
    message = parse(head + b"\r\n")
    return too_long_to_sign(message.raw, message.header)


@pytest.mark.parametrize("name", [b"To", b"CC", b"References"])
def test_long_lists_of_people_and_messages_are_left_out(name: bytes) -> None:
    """One line of 999 octets is enough, and that of one of two such fields."""
    line = name + b": " + b"x" * (999 - len(name) - 2) + b"\r\n"
    assert left_out(line) == left_out(name + b": short\r\n" + line) == {name.lower()}
    assert left_out(line.replace(b"xx", b"x", 1)) == frozenset()


def test_a_folded_field_is_as_long_as_its_longest_line() -> None:
    """However many lines it has, up to what Postfix takes."""
    assert left_out(b"To: a" + b",\r\n a@example.net" * 400 + b"\r\n") == frozenset()
    assert left_out(b"To: a" + b",\r\n a@example.net" * 7000 + b"\r\n") == {b"to"}


def test_other_fields_are_never_left_out() -> None:
    """A reader would be misled by another Subject."""
    message = parse(b"Subject: " + b"x" * 1000 + b"\r\n\r\n")
    assert too_long_to_sign(message.raw, message.header) == frozenset()
    assert is_too_long(message.raw, message.headers[0])


def test_names_are_in_lower_case_and_once() -> None:
    """As they are looked for."""
    assert len(set(SIGNED_FIELDS)) == len(SIGNED_FIELDS)
    assert {*OVERSIGNED_FIELDS, *(name.decode() for name in LEFT_OUT_IF_LONG)} <= {*SIGNED_FIELDS}
    assert all(name == name.lower() for name in SIGNED_FIELDS)
