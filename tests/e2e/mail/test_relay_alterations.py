"""What real mail servers alter of what we sign is what we say they alter, on the page and in the code."""

import os
import random
import re
from collections.abc import Iterator

import pytest

from proxy.signing.canonicalization import relaxed_fields
from proxy.signing.opensmtpd_addresses import opensmtpd_completes
from proxy.signing.postfix_addresses import postfix_rewrites
from proxy.signing.sendmail_addresses import sendmail_may_rewrite
from tests.support.address_fields import field_values
from tests.support.checks import alterations
from tests.support.checks.alterations import (
    BROKEN,
    DATE,
    MESSAGE_ID,
    SERVERS,
    behind,
    through,
    treatment,
)

pytestmark = pytest.mark.timeout(900)

BY_DEFAULT = ("Postfix, same machine", "Exim", "OpenSMTPD")
FIELDS = 100_000 if os.environ.get("WAYPOST_HYPOTHESIS") == "thorough" else 6_000
"""Address fields that are made up and tried on each server; Sendmail gets a tenth."""
A_MESSAGE = 150
NAMES = ("From", "To", "Cc")


def test_each_form_fares_as_the_page_says_and_is_left_alone_where_it_breaks() -> None:
    """By default what Postfix, Exim and OpenSMTPD break, and nothing else; more with Sendmail."""
    found = alterations.verdicts()
    assert alterations.PAGE.read_text(encoding="utf-8") == alterations.page(found)
    breaks = {
        name: any(found[server][name] == BROKEN for server in BY_DEFAULT)
        for name in alterations.MESSAGES
    }
    assert breaks == {name: treatment(name, "default") != "" for name in breaks}
    for name in alterations.MESSAGES:
        assert found["Sendmail"][name] != BROKEN or treatment(name, "sendmail"), name
        assert found["Postfix, another"][name] != BROKEN or treatment(name, "verbatim"), name


@pytest.mark.parametrize(
    ("profile", "servers"), [("default", BY_DEFAULT), ("sendmail", ["Sendmail"])]
)
def test_without_the_field_that_is_altered_the_signature_holds(profile, servers) -> None:
    """The message is tracked, and what the relay writes anew is not signed."""
    unsigned = [
        name for name in alterations.MESSAGES if treatment(name, profile).startswith("without")
    ]
    assert len(unsigned) > 10
    for server in servers:
        assert BROKEN not in through(server, unsigned, profile).values(), server


def test_postfix_rewrites_those_address_fields_that_we_think_it_rewrites() -> None:
    """Made up at random. Where it writes one anew and nothing differs, we may be wrong."""
    for name, value, arrived in after("Postfix, same machine", FIELDS, 1):
        if changed(name, value, arrived):
            assert postfix_rewrites(value), value
        elif postfix_rewrites(value):
            assert b"<" in value or b">" in value, value


def test_opensmtpd_completes_no_address_field_that_we_think_it_leaves() -> None:
    """Made up at random."""
    for name, value, arrived in after("OpenSMTPD", FIELDS, 2):
        assert not changed(name, value, arrived) or opensmtpd_completes(value), value


def test_sendmail_rewrites_no_address_field_that_we_think_it_leaves() -> None:
    """Made up at random."""
    for name, value, arrived in after("Sendmail", FIELDS // 10, 3):
        assert not changed(name, value, arrived) or sendmail_may_rewrite(value), value


def after(server: str, count: int, seed: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield made up fields: name, value, and the whole field behind the server."""
    start, source = SERVERS[server]
    values = field_values(random.Random(seed), count)
    fields = [(NAMES[number % len(NAMES)], value) for number, value in enumerate(values)]
    batches = [fields[at : at + A_MESSAGE] for at in range(0, count, A_MESSAGE)]
    arrived = behind(start, source, [said(batch) for batch in batches], 120)
    for batch, message in zip(batches, arrived, strict=True):
        assert message is not None
        _, *pieces, _ = re.split(rb"X-Mark: \w+\r\n", message)
        for (name, value), piece in zip(batch, pieces, strict=True):
            yield name, value, piece


def said(batch: list[tuple[str, bytes]]) -> bytes:
    """Return a message of these fields, each between two marks."""
    lines = [
        b"X-Mark: %d\r\n%b: %b\r\n" % (number, name.encode(), value)
        for number, (name, value) in enumerate(batch)
    ]
    return b"".join((*lines, b"X-Mark: end\r\n", DATE.encode(), MESSAGE_ID.encode(), b"\r\nx\r\n"))


def changed(name: str, value: bytes, arrived: bytes) -> bool:
    """Return whether a field is another, white space apart, which signatures see through."""
    sent = b"%b: %b" % (name.encode(), value)
    return relaxed_fields([(b"", arrived)]) != relaxed_fields([(b"", sent)])
