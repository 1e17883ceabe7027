"""Which header fields are signed, and which are left out as a relay would alter them."""

import random

import pytest

from config.schema import RelayProfile
from proxy.message.editing import parse
from proxy.signing import relay_alterations, signed_fields
from proxy.signing.address_rewriting import MAX_READ_OCTETS
from proxy.signing.canonicalization import read_header
from proxy.signing.relay_alterations import altered_field
from proxy.signing.signed_fields import (
    LEFT_OUT_IF_LONG,
    OVERSIGNED_FIELDS,
    SIGNED_FIELDS,
    is_too_long,
    left_out,
    passes_at_sight,
)


def unsigned(head: bytes, profile: RelayProfile = "default") -> frozenset[bytes]:
    """Return what is left out of the signature of a message with this header."""
    return left_out(read_header(head + b"\r\n"), profile)


@pytest.mark.parametrize("name", [b"To", b"CC", b"References"])
def test_long_lists_of_people_and_messages_are_left_out(name: bytes) -> None:
    """One line of 999 octets is enough, and that of one of two such fields."""
    line = name + b": " + b"x@" + b"x" * (999 - len(name) - 4) + b"\r\n"
    assert unsigned(line) == unsigned(name + b": s@x\r\n" + line) == {name.lower()}
    assert unsigned(line.replace(b"xx", b"x", 1)) == frozenset()


def test_a_folded_field_is_as_long_as_its_longest_line() -> None:
    """However many lines it has, up to what Postfix takes."""
    assert unsigned(b"To: a@example.net" + b",\r\n a@example.net" * 400 + b"\r\n") == frozenset()
    assert unsigned(b"To: a@example.net" + b",\r\n a@example.net" * 7000 + b"\r\n") == {b"to"}


def test_other_fields_are_never_left_out() -> None:
    """A reader would be misled by another Subject."""
    value = b" " + b"x" * 1000 + b"\r\n"
    assert unsigned(b"Subject:" + value) == frozenset()
    assert is_too_long(b"subject", value)


def test_names_are_in_lower_case_and_once() -> None:
    """As they are looked for."""
    assert len(set(SIGNED_FIELDS)) == len(SIGNED_FIELDS)
    assert {*OVERSIGNED_FIELDS, *(name.decode() for name in LEFT_OUT_IF_LONG)} <= {*SIGNED_FIELDS}
    assert all(name == name.lower() for name in SIGNED_FIELDS)


@pytest.mark.parametrize("name", [b"To", b"CC", b"Sender", b"Resent-Cc"])
def test_what_the_relay_writes_anew_is_left_out(name: bytes) -> None:
    """By its profile; one of two such fields is enough."""
    head = name + b": reader@example.net\r\n" + name + b": root\r\n"
    assert unsigned(head) == unsigned(head, "sendmail") == {name.lower()}
    assert unsigned(head, "verbatim") == frozenset()


def test_from_and_reply_to_are_signed_whatever_a_relay_does() -> None:
    """The message is left alone then."""
    assert unsigned(b"From: root\r\nReply-To: root\r\n") == frozenset()


def test_of_many_odd_addresses_no_more_is_read_than_there_is_time_for() -> None:
    """What was not read counts as written anew."""
    odd = b"'a@b.example' <a@b.example>,\r\n "
    few, many = (odd * count + odd.rstrip(b", \r\n") + b"\r\n" for count in (9, 900))
    assert len(many) > MAX_READ_OCTETS
    assert unsigned(b"To: " + few) == frozenset()
    assert unsigned(b"Resent-To: " + many + b"Cc: " + few) == {b"resent-to", b"cc"}


def test_at_sight_nothing_passes_that_a_close_look_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is left out, and of what a relay would alter: for every profile the same."""
    heads = [(head, profile) for head in some_heads(random.Random(5322)) for profile in PROFILES]
    found = [outcome(*each) for each in heads]
    seen = [passes_at_sight(read_header(head + b"\r\n"), profile) for head, profile in heads]
    for module in (signed_fields, relay_alterations):
        monkeypatch.setattr(module, "passes_at_sight", lambda *_: False)
    assert found == [outcome(*each) for each in heads]
    assert 300 < sum(seen) < len(seen) - 300


PROFILES: tuple[RelayProfile, ...] = ("default", "sendmail", "verbatim")
NAMES = [b"From", b"to", b"Cc", b"Sender", b"Reply-To", b"Resent-To", b"Subject", b"References"]
VALUES = [b"a@example.com", b"A B <a@example.com>", b"<a@example.com>,\r\n b@example.com", b"root"]
RARE = [b"a@example.com.", b"x" * 960, b"a@example.com, " * 70, b"a@x,\r\n " * 120, b"a\vb", b""]


def some_heads(chance: random.Random) -> list[bytes]:
    """Return headers most of which nobody alters."""
    return [
        b"".join(
            b"%b: %b\r\n" % (chance.choice(NAMES), chance.choice(VALUES[:-1] * 9 + VALUES + RARE))
            for _ in range(chance.randrange(1, 6))
        )
        for _ in range(600)
    ]


def outcome(head: bytes, profile: RelayProfile) -> tuple[object, object]:
    """Return what is left out of a signature, and what would be altered all the same."""
    return unsigned(head, profile), altered_field(parse(head + b"\r\n"), profile)
