"""What we sign verifies in dkimpy, OpenDKIM and Mail::DKIM after a hop through a real Postfix."""

import os
import re
from pathlib import Path

import pytest

from config.keys.dkim_keys import new_dkim_key
from config.schema import RelayConfig
from proxy.message.editing import Edit, parse, splice
from proxy.relay.session import RelaySession
from proxy.signing.existing_signatures import existing_signatures
from proxy.signing.relay_alterations import relay_would_alter
from proxy.signing.signer import Signer, SigningError
from tests.support.checks.verifiers import (
    dkimpy_verdict,
    mail_dkim_verdicts,
    opendkim_verdicts,
)
from tests.support.relays.postfix import Postfix

SIGNERS = [
    Signer("example.com", "rsa1", new_dkim_key("rsa-sha256")),
    Signer("example.com", "ed1", new_dkim_key("ed25519-sha256")),
]
RECORDS = {signer.record_name: signer.record.encode() for signer in SIGNERS}
CORPUS_SAMPLE = 40
"""Messages of the corpus by default; all of them with WAYPOST_HYPOTHESIS=thorough."""

HEAD = (
    "From: Shop <shop@example.com>\r\nTo: reader@example.net\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
)
MESSAGES = {
    "plain": f"{HEAD}Subject: hello\r\n\r\nHello\r\n",
    "empty body": f"{HEAD}Subject: hello\r\n\r\n",
    "no body": f"{HEAD}Subject: hello\r\n",
    "empty lines": f"{HEAD}Subject: hello\r\n\r\n\r\n\r\n\r\n",
    "white space": f"{HEAD}Subject:   a\t b  \r\n\t folded \r\n\r\n  two  \t spaces \r\n \t\r\n\r\n",
    "dots": f"{HEAD}Subject: dots\r\n\r\n.\r\n..\r\n.dot\r\n\r\n.\r\n",
    "8-bit": f"{HEAD}Subject: caf\u00e9\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\u00e9\r\n",
    "998 octets": f"{HEAD}Subject: long\r\n\r\n{'x' * 998}\r\n{'y' * 998}\r\n",
    "unsubscribe": f"{HEAD}Subject: news\r\nList-Unsubscribe: <https://example.com/u>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-ID: <news.example.com>\r\n\r\nx\r\n",
    "resent": f"{HEAD}Subject: x\r\nResent-From: a@example.com\r\nResent-To: b@example.com\r\n"
    "Resent-Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nResent-Message-ID: <r@example.com>\r\n\r\nx\r\n",
    "bcc": f"{HEAD}Bcc: secret@example.net\r\nReturn-Path: <x@example.com>\r\nSubject: x\r\n\r\nx\r\n",
    "group": HEAD.replace(
        "reader@example.net", 'Friends: a@example.com, (b) "c d" <b@example.com>;'
    )
    + "Cc: undisclosed-recipients:;\r\nSubject: x\r\n\r\nx\r\n",
    "many recipients": HEAD.replace(
        "reader@example.net", ",\r\n ".join(f"reader{n}@example.net" for n in range(60))
    )
    + "Subject: x\r\n\r\nx\r\n",
    "repeated fields": f"{HEAD}Subject: x\r\nTo: other@example.net\r\nCc: a@example.com\r\n"
    "Cc: b@example.com\r\n\r\nx\r\n",
    "odd names": f"{HEAD}Subject: x\r\nX-Empty:\r\nX_y!z: 1\r\nSUBJECT-ISH: 2\r\n\r\nx\r\n",
    "controls": f"{HEAD}Subject: x\r\n\r\na\x01\x0b\x0c\x7f\r\n",
    "from line": f"{HEAD}Subject: x\r\n\r\nFrom the start\r\n>From here\r\n",
    "looks like a header": f"{HEAD}Subject: x\r\n\r\nBcc: not a header\r\nReceived: no\r\n",
    "no date, no message-id": "From: Shop <shop@example.com>\r\nSubject: x\r\n\r\nx\r\n",
    "long lists": HEAD.replace("reader@example.net", ", ".join(["reader@example.net"] * 60))
    + f"Subject: x\r\nReferences: {'<message@example.net> ' * 60}x\r\n\r\nx\r\n",
    "a long field that is not signed": f"{HEAD}Subject: x\r\nX-Note: {'word ' * 300}\r\n\r\nx\r\n",
    "multipart": f"{HEAD}Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n"
    ' boundary="b"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n'
    "<b>two</b>\r\n--b--\r\nepilogue\r\n",
}


async def after_postfix(postfix: Postfix, messages: list[bytes]) -> list[bytes]:
    """Send messages as the proxy does, and give them as Postfix delivered them, in order."""
    before = len(postfix.delivered())
    config = RelayConfig(host="127.0.0.1", port=postfix.port, tls="none")
    session = await RelaySession.open(config, "waypost.test")
    for number, message in enumerate(messages):
        mail = b"MAIL FROM:<case-%d@example.com> BODY=8BITMIME" % number
        answers = await session.exchange([mail, b"RCPT TO:<reader@example.net>"])
        assert [answer.code for answer in answers] == [250, 250]
        result = await session.data(message)
        assert result.committed, result
    await session.quit()
    stored = postfix.wait_for(before + len(messages))
    cases = {
        int(found[1]): content
        for content in stored
        if (found := re.match(rb"Return-Path: <case-(\d+)@", content))
    }
    for content in postfix.folder.glob("mail/inbox/new/*"):
        content.unlink()
    return [cases[number] for number in range(len(messages))]


def check(
    messages: list[bytes], names: list[str], folder: Path, algorithm: str = "rsa-sha256"
) -> None:
    """Have all three verify each message, and tell every one that fails.

    Mail::DKIM up to 1.20230212 does not know Ed25519, and has to say just that.
    """
    known = "pass" if algorithm == "rsa-sha256" else f"invalid (unsupported algorithm {algorithm})"
    failed = [
        f"{name}: dkimpy"
        for name, message in zip(names, messages, strict=True)
        if not dkimpy_verdict(message, RECORDS)
    ]
    for program, verdicts in (
        ("OpenDKIM", opendkim_verdicts(messages, RECORDS, folder)),
        ("Mail::DKIM", mail_dkim_verdicts(messages, RECORDS, folder)),
    ):
        failed += [
            f"{name}: {program}: {verdict}"
            for name, verdict in zip(names, verdicts, strict=True)
            if not (verdict in ("pass", known) or verdict.endswith("succeeded"))
        ]
    assert failed == []


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
async def test_every_kind_of_message_verifies_after_postfix(
    signer: Signer, postfix: Postfix, tmp_path: Path
) -> None:
    """The messages above are ones that a relay leaves as they are; so are their signatures."""
    originals = {name: text.encode() for name, text in MESSAGES.items()}
    altered = {
        name: reason
        for name, message in originals.items()
        if (reason := relay_would_alter(parse(message), relay_8bitmime=True))
    }
    assert altered == {}
    signed = [signer.sign(message) for message in originals.values()]
    arrived = await after_postfix(postfix, signed)
    check(arrived, list(originals), tmp_path, signer.algorithm)


def test_the_verifiers_can_say_no(tmp_path: Path) -> None:
    """A changed message passes none of them."""
    signed = SIGNERS[0].sign(MESSAGES["plain"].encode()).replace(b"Hello", b"Hullo")
    assert not dkimpy_verdict(signed, RECORDS)
    assert "failed" in opendkim_verdicts([signed], RECORDS, tmp_path)[0]
    assert "fail" in mail_dkim_verdicts([signed], RECORDS, tmp_path)[0]


ALTERED = {
    "address_rewritten": HEAD + "Reply-To: help\r\n",
    "header_malformed": HEAD + "no field\r\n",
}


async def test_what_postfix_alters_is_what_we_say_it_alters(postfix: Postfix) -> None:
    """Each of these, signed all the same, arrives changed: the rule is not a superstition."""
    messages = [f"{head}Subject: x\r\n\r\nx\r\n".encode() for head in ALTERED.values()]
    reasons = [relay_would_alter(parse(message), relay_8bitmime=True) for message in messages]
    assert reasons == list(ALTERED)
    for message, arrived in zip(messages, await after_postfix(postfix, messages), strict=True):
        assert not arrived.endswith(message)


def real_messages(corpus: Path) -> dict[str, bytes]:
    """Return those messages of the corpus that we would sign, signed, by their path."""
    files = sorted(path for path in corpus.glob("eml/**/*") if path.is_file())
    return {str(path): message for path in files if (message := would_sign(path.read_bytes()))}


def would_sign(raw: bytes) -> bytes | None:
    """Return a message of the corpus signed, or None where we would leave it as it is."""
    message = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    message = splice(
        message, [Edit(each.start, each.end, b"") for each in existing_signatures(parse(message))]
    )
    if relay_would_alter(parse(message), relay_8bitmime=True):
        return None
    try:
        return SIGNERS[0].sign(message)
    except SigningError:
        return None


@pytest.mark.corpus
async def test_real_messages_verify_after_postfix(
    corpus: Path, postfix: Postfix, tmp_path: Path
) -> None:
    """Every message of the corpus that we would sign verifies in all three."""
    signed = real_messages(corpus)
    assert len(signed) > CORPUS_SAMPLE
    if os.environ.get("WAYPOST_HYPOTHESIS") != "thorough":
        signed = dict(list(signed.items())[:: len(signed) // CORPUS_SAMPLE])
    check(await after_postfix(postfix, list(signed.values())), list(signed), tmp_path)
