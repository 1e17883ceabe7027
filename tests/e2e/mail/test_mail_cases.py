"""Small messages as real programs send them, through Waypost and a real Postfix behind it.

They are looked for beside the corpus, or where `$WAYPOST_CASES` points.
"""

import json
import os
import re
import smtplib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from config.keys.dkim_keys import read_dkim_key
from proxy.signing.signer import Signer
from tests.support.checks.verifiers import (
    dkimpy_verdict,
    mail_dkim_verdicts,
    opendkim_verdicts,
)
from tests.support.clients.programs import waypost
from tests.support.relays.postfix import Postfix, postfix_running, sent
from tests.support.repository import ROOT
from tests.support.stack import Stack

FOLDER = Path(os.environ.get("WAYPOST_CASES", ROOT.parent / "shared" / "cases"))
CASES = sorted(FOLDER.glob("mail/*.eml"))
SIGNED = re.compile(rb"\ADKIM-Signature: [^\n]*(?:\n[ \t][^\n]*)*\bd=example\.com;")
REASONS = {"bare_newlines", "several_from", "no_from", "relay_would_alter"}
"""Why a message may be left alone. Real servers were seen to break what is signed of it, or it is nobody's."""

pytestmark = pytest.mark.skipif(not CASES, reason=f"no cases at {FOLDER} (set WAYPOST_CASES)")


def content(case: Path) -> bytes:
    """Return the message of a file; one whose lines all end in LF is kept as text."""
    octets = case.read_bytes()
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Postfix]]:
    """Run Waypost, which signs, in front of a Postfix on the same machine."""
    with postfix_running() as postfix:
        stack = Stack(tmp_path_factory.mktemp("cases"), postfix.port).furnish()
        with stack.serving():
            yield stack, postfix


@pytest.fixture(scope="module")
def arrived(stack: tuple[Stack, Postfix]) -> Mapping[str, bytes]:
    """Return each message as it came out of Postfix, by its file's name."""
    waypost_, postfix = stack
    for number, case in enumerate(CASES):
        with smtplib.SMTP("127.0.0.1", waypost_.smtp, timeout=60) as client:
            client.ehlo()
            client.mail(f"case-{number}@example.com", ["BODY=8BITMIME"])
            client.rcpt("reader@example.net")
            assert client.data(content(case))[0] == 250, case.name
    found: dict[str, bytes] = {}
    for stored in postfix.wait_for(len(CASES)):
        number = re.match(rb"Return-Path: <case-(\d+)@", stored)
        assert number
        found[CASES[int(number[1])].name] = sent(stored)
    return found


def test_none_is_lost(arrived: Mapping[str, bytes]) -> None:
    """Each has arrived, once."""
    assert sorted(arrived) == [case.name for case in CASES]


def test_what_is_signed_verifies(
    stack: tuple[Stack, Postfix], arrived: Mapping[str, bytes], tmp_path: Path
) -> None:
    """With dkimpy, OpenDKIM and Mail::DKIM; most are signed."""
    key = read_dkim_key(stack[0].folder / "dkim.pem", "rsa-sha256")
    signer = Signer("example.com", "waypost1", key)
    records = {signer.record_name: signer.record.encode()}
    signed = {name: content for name, content in arrived.items() if SIGNED.match(content)}
    assert len(signed) >= 2 * len(CASES) // 3
    messages = list(signed.values())
    for name, *verdicts in zip(
        signed,
        map(dkimpy_verdict, messages, [records] * len(messages)),
        opendkim_verdicts(messages, records, tmp_path),
        mail_dkim_verdicts(messages, records, tmp_path),
        strict=True,
    ):
        assert verdicts[0], name
        assert verdicts[1].endswith("succeeded"), name
        assert verdicts[2] == "pass", name


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_it_is_tracked_unless_a_signature_would_break(
    case: Path, stack: tuple[Stack, Postfix], arrived: Mapping[str, bytes]
) -> None:
    """And `waypost explain` says why."""
    done = waypost("explain", case, "--json", "-c", stack[0].config)
    told = json.loads(done.stdout)
    came = arrived[case.name]
    if (reason := told["untouched"]) is None:
        assert SIGNED.match(came)
        assert any(link["decision"] == "tracked" for link in told["links"])
    else:
        assert reason in REASONS
        assert not SIGNED.match(came)
