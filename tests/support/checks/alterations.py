"""What mail servers alter of what we signed: docs/alterations.md comes from here.

`python -m tests.support.checks.alterations` writes the page, from messages that are signed, said to
real servers and read behind them; a test sends them again and compares, with the page and with
`proxy.signing.relay_alterations`.
"""

import contextlib
import smtplib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import dkim

from config.keys.dkim_keys import new_dkim_key
from config.schema import RelayProfile
from proxy.message.editing import parse
from proxy.signing.relay_alterations import relay_would_alter
from proxy.signing.signed_fields import left_out
from proxy.signing.signer import Signable, Signer
from tests.support.checks.verifiers import dkimpy_verdict
from tests.support.relays.postfix import postfix_running
from tests.support.relays.private_relays import exim_running, opensmtpd_running
from tests.support.relays.sendmail import sendmail_running
from tests.support.relays.sink import Sink, sink_running
from tests.support.repository import DOCS

PAGE = DOCS / "alterations.md"
SIGNER = Signer("example.com", "a1", new_dkim_key("rsa-sha256"))
RECORDS = {SIGNER.record_name: SIGNER.record.encode()}

AS_IT_IS, VALID, BROKEN, BOUNCED = "", "valid", "**broken**", "bounced"

DATE = "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
MESSAGE_ID = "Message-ID: <order-7@example.com>\r\n"
TO = "reader@example.net"
HEAD = f"From: Shop <shop@example.com>\r\nTo: {TO}\r\n{DATE}{MESSAGE_ID}Subject: hello\r\n"
MESSAGE = f"{HEAD}\r\nHello\r\n"

ADDRESSES = (
    "a@example.net <a@example.net>",
    "'a@example.net' <a@example.net>",
    "<<a@example.net>>",
    '"Undisclosed recipients" <>',
    "undisclosed-recipients:;",
    "a@example.net; b@example.net",
    "a@example.net b@example.net",
    "a@example.net,b@example.net",
    "a@example.net,, b@example.net,",
    "Friends: a@example.net, b@example.net;",
    '"Doe, John" <a@example.net>',
    "Doe, John <a@example.net>",
    "J. Doe <a@example.net>",
    "O'Brien <a@example.net>",
    "[prod] App <a@example.net>",
    "AT&T @ Home <a@example.net>",
    "App: prod <a@example.net>",
    "A;B <a@example.net>",
    "App (prod) <a@example.net>",
    "a@example.net (App, Inc.)",
    "=?utf-8?q?caf=C3=A9?= <a@example.net>",
    "=?utf-8?q?One,_Some?= <a@example.net>",
    "Caf\u00e9 <a@example.net>",
    "caf\u00e9@example.net",
    '"john doe"@example.net',
    '"john"@example.net',
    "s..p@example.net",
    "a.@example.net",
    "root@localhost",
    "root",
    "Root <root>",
    "a@example.net.",
    "<@route.example:a@example.net>",
    "a%b.example",
    "host!user",
    "a@b@example.net",
    "a @ example.net",
    "<a@example.net >",
    "<a@example.net> B",
    "Some <a@example.net",
    "a@[192.0.2.1]",
    "A@EXAMPLE.NET",
)
OTHER_FIELDS = ("From", "Cc", "Reply-To", "Sender", "Resent-To")
LIST = ", ".join(f"reader{number}@example.net" for number in range(60))
IDS = " ".join(f"<message-{number}@example.net>" for number in range(60))
WORDS = "word " * 240 + "word"


def _with(field: str, value: str) -> str:
    """Return the message with another value in a field that it has, or with that field."""
    lines = [line for line in HEAD.splitlines() if not line.startswith(f"{field}:")]
    return "".join(f"{line}\r\n" for line in (*lines, f"{field}: {value}")) + "\r\nHello\r\n"


FORMS: Mapping[str, Mapping[str, str]] = {
    "Fields that are missing": {
        "no Message-ID": MESSAGE.replace(MESSAGE_ID, ""),
        "no Date": MESSAGE.replace(DATE, ""),
        "no To": MESSAGE.replace(f"To: {TO}\r\n", ""),
    },
    "Addresses": {
        **{f"`To: {value}`": _with("To", value) for value in ADDRESSES},
        **{
            f"`{field}: {value}`": _with(field, value)
            for field in OTHER_FIELDS
            for value in ("Doe, John <a@example.com>", "a@example.com.", "O'Brien <a@example.com>")
        },
    },
    "Long lines": {
        "a line of 998 octets in the body": f"{HEAD}\r\n{'x' * 998}\r\n",
        "a line of 999 octets in the body": f"{HEAD}\r\n{'x' * 999}\r\n",
        "a Subject of 1,200 octets, on one line": _with("Subject", "x" * 1200),
        "a To of 1,300 octets, on one line": _with("To", LIST),
        "a Cc of 1,300 octets, on one line": _with("Cc", LIST),
        "References of 1,500 octets, on one line": _with("References", IDS),
        "a field of 1,200 octets that is not signed": _with("X-Note", WORDS),
    },
    "What else": {
        "8-bit characters in Subject and body": _with("Subject", "caf\u00e9") + "caf\u00e9\r\n",
        "a Bcc": _with("Bcc", "secret@example.net"),
        "an empty Message-ID": MESSAGE.replace(MESSAGE_ID, "Message-ID:\r\n"),
        "NUL in Subject": _with("Subject", "a\0b"),
        "NUL in the body": f"{HEAD}\r\na\0b\r\n",
        "a space before the colon of Subject": MESSAGE.replace("Subject:", "Subject :"),
    },
}
MESSAGES = {name: text.encode() for forms in FORMS.values() for name, text in forms.items()}


def postfix(sink: Sink) -> contextlib.AbstractContextManager[int]:
    """Run a Postfix that hands everything on."""
    return _port_of(
        postfix_running(
            {
                "virtual_mailbox_domains": "",
                "virtual_mailbox_maps": "",
                "relayhost": f"[127.0.0.1]:{sink.port}",
                "smtpd_client_message_rate_limit": "0",
            }
        )
    )


@contextlib.contextmanager
def _port_of(running: contextlib.AbstractContextManager) -> Iterator[int]:
    with running as server:
        yield server.port


Start = Callable[[Sink], contextlib.AbstractContextManager[int]]
SERVERS: Mapping[str, tuple[Start, str]] = {
    "Postfix, same machine": (postfix, "127.0.0.1"),
    "Postfix, another": (postfix, "127.0.0.2"),
    "Exim": (lambda sink: _port_of(exim_running(sink.port)), "127.0.0.1"),
    "OpenSMTPD": (lambda sink: opensmtpd_running(sink.port), "127.0.0.1"),
    "Sendmail": (lambda sink: sendmail_running(sink.port), "127.0.0.1"),
}
"""How each is run, and from which address it is spoken to: none but 127.0.0.1 is Postfix's own."""

BOUNCED_AFTER_S = 20
"""What has not come when nothing came for so long was given back to its sender, as the logs say."""

A_SESSION = 50
"""Messages; OpenSMTPD takes a hundred in a session."""

Verdicts = Mapping[str, Mapping[str, str]]
"""Server → form → what became of it."""


def verdicts() -> dict[str, dict[str, str]]:
    """Send every form through every server, signed as if none wrote an address anew."""
    return {name: through(name, MESSAGES, "verbatim") for name in SERVERS}


def through(server: str, names: Iterable[str], profile: RelayProfile) -> dict[str, str]:
    """Send forms through a server, signed for a relay of this profile."""
    signed = {name: _signed(MESSAGES[name], profile) for name in names}
    arrived = behind(*SERVERS[server], list(signed.values()), BOUNCED_AFTER_S)
    return {
        name: _verdict(message, after)
        for (name, message), after in zip(signed.items(), arrived, strict=True)
    }


def _signed(message: bytes, profile: RelayProfile) -> bytes:
    return SIGNER.signature(Signable.read(message, profile)) + message


def behind(
    start: Start, source: str, messages: Sequence[bytes], idle_s: float
) -> list[bytes | None]:
    """Return these messages as they are behind a server; None for one that does not come.

    It is waited for until nothing came for `idle_s`.
    """
    senders = [b"case-%d@example.com" % number for number in range(len(messages))]
    with sink_running() as sink, start(sink) as port:
        for at in range(0, len(messages), A_SESSION):
            with smtplib.SMTP("127.0.0.1", port, timeout=60, source_address=(source, 0)) as client:
                for number in range(at, min(at + A_SESSION, len(messages))):
                    sender = senders[number].decode()
                    client.sendmail(sender, [TO], messages[number], ["BODY=8BITMIME"])
        arrived = sink.wait_for(set(senders), idle_s)
    return [arrived.get(sender) for sender in senders]


def _verdict(sent: bytes, arrived: bytes | None) -> str:
    if arrived is None:
        return BOUNCED
    try:
        verifies = dkimpy_verdict(arrived, RECORDS)
    except dkim.MessageFormatError:
        verifies = False
    if not verifies:
        return BROKEN
    return AS_IT_IS if arrived.endswith(sent) else VALID


LEFT_ALONE = "left alone"


def treatment(name: str, profile: RelayProfile) -> str:
    """Return what we do with a form where the relay has this profile: "" for nothing special."""
    message = parse(MESSAGES[name])
    if relay_would_alter(message, relay_8bitmime=True, profile=profile):
        return LEFT_ALONE
    always, unsigned = (left_out(message.header, each) for each in ("verbatim", profile))
    names = sorted(each.decode().title() for each in unsigned - always)
    return f"without {', '.join(names)}" if names else ""


PAGE_HEAD = """\
# What mail servers alter of a signed message

A mail server that writes a field anew, or folds a line, breaks the DKIM signature that covers it. So
Waypost signs a message without a To, Cc, Sender or Resent field that the relay would write anew (RFC 6376
§5.4). Where it is From, Reply-To or the body, a message that Waypost would sign is left alone
(`relay_would_alter`). Each cell is a real message, signed by Waypost with all its fields and verified by
dkimpy behind the server (`tests/support/checks/alterations.py`): **broken**; `valid` where something else
was changed, or added; nothing where it came through as it was; `bounced` where the server gives it back to
its sender, as it does without Waypost.

Postfix is 3.7 with its default settings, for a client on the same machine and for one on another (to
Postfix that is a question of `local_header_rewrite_clients`); Exim is 4.96 as Debian has it relay for its
own clients; OpenSMTPD is 6.8, Sendmail 8.17 with Debian's `MustQuoteChars`, and no names looked up. All
of them hand the message on by SMTP.

The last two columns are Waypost's: which field it leaves out of the signature, or whether it leaves such a
message alone, with `[relay] profile = "default"`, and with `"sendmail"`, which does so also where it cannot
be sure. `"verbatim"` is for relays that rewrite no addresses, such as a Postfix on another machine, Exim,
and most sending services: then all fields are signed, and nothing under "Addresses" keeps a message from
being tracked.

A To, Cc or References with a line over 998 octets is left out of the signature, so that folding it
breaks nothing. Between quotes, a comma or a dot harms nothing: `"Doe, John" <john@example.com>` is what
to write in place of `Doe, John <john@example.com>`.
"""


def page(found: Verdicts) -> str:
    """Return the page."""
    sections = [PAGE_HEAD]
    columns = [*found, "default", "sendmail"]
    for title, forms in FORMS.items():
        lines = [
            f"\n## {title}\n",
            f"| | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for name in forms:
            ours = [treatment(name, each) for each in ("default", "sendmail")]
            cells = [*(verdicts[name] for verdicts in found.values()), *ours]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        sections.append("\n".join(lines) + "\n")
    return "".join(sections)


if __name__ == "__main__":
    PAGE.write_text(page(verdicts()), encoding="utf-8")
