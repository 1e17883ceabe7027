"""What exactly in a message is behind the reason for leaving it alone, where, and the cure.

Owns: naming the header, the line and the cure for people, after a message was left alone.
Does not own: the reasons and their general cures (`proxy.policy.reasons`), or finding them
(`eligibility`, `proxy.signing.relay_alterations`).

Nothing here is done for a message that is changed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from config.schema import RelayProfile
from proxy.message.model import Message
from proxy.policy.reasons import CURES, Untouched
from proxy.policy.settings import Signing
from proxy.signing.existing_signatures import existing_signatures
from proxy.signing.relay_alterations import Alteration, altered_field, relay_would_alter, unsignable
from proxy.smtp.octets import LINE_OCTETS

_LONG_LINE = re.compile(rb"[^\n]{%d}" % (LINE_OCTETS + 2))
_CONTROL = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BARE_NEWLINE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
_ODD_COLON = re.compile(rb"^[!-9;-~]+[ \t]+:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a message was left alone, as an operator can act upon.

    `what` names it more closely than the reason, "" where there is nothing closer; `header` is the
    field in question in lower case, "" for the body or none; `line` counts from 1, 0 for nowhere.
    """

    what: str = ""
    header: str = ""
    line: int = 0
    cure: str = ""

    @property
    def where(self) -> str:
        """Header and line, as one says them; "" where there is neither."""
        header = f"header {self.header.title()}" if self.header else ""
        line = f"line {self.line}" if self.line else ""
        return ", ".join(filter(None, (header, line)))


def diagnose(message: Message, untouched: Untouched, signing: Signing | None = None) -> Diagnosis:
    """Return what is behind a reason to leave `message` alone; linear in its size."""
    if untouched is Untouched.RELAY_WOULD_ALTER:
        signing = signing or Signing()
        eight_bit, profile = signing.relay_8bitmime, signing.relay_profile
        alteration = relay_would_alter(message, relay_8bitmime=eight_bit, profile=profile)
        return _alteration(message, alteration, profile) if alteration else Diagnosis()
    if untouched is Untouched.UNSIGNABLE and (obstacle := unsignable(message)):
        return _alteration(message, obstacle, "verbatim")
    cure = CURES.get(untouched, "")
    find = _FINDERS.get(untouched)
    what, header, offset = find(message) if find else ("", "", None)
    return Diagnosis(what, header, 0 if offset is None else _line(message, offset), cure)


Found = tuple[str, str, int | None]
"""What, in which header, at which offset."""


def _several_from(message: Message) -> Found:
    fields = [field for field in message.headers if field.name.lower() == b"from"]
    if len(fields) > 1:
        return f"{len(fields)} From headers", "from", fields[1].start
    return "several addresses", "from", fields[0].start if fields else None


def _foreign_signature(message: Message) -> Found:
    signatures = existing_signatures(message)
    domains = ", ".join(sorted({each.domain for each in signatures if each.domain}))
    what = (
        f"signed by {domains[:_MOST_CHARACTERS]}" if domains else "a signature that cannot be read"
    )
    return what, "dkim-signature", signatures[0].start if signatures else None


def _named(*names: bytes) -> Callable[[Message], Found]:
    """Return a function that finds the first of these fields."""

    def find(message: Message) -> Found:
        for field in message.headers:
            if field.name.lower() in names:
                return "", field.name.decode("ascii", "replace").lower(), field.start
        return "", "", None

    return find


def _malformed(message: Message) -> Found:
    if message.header.broken:
        return "no header field", "", message.body_start
    return ("limit" if message.skip == "limit" else "structure"), "content-type", None


_MOST_CHARACTERS = 200

_FINDERS: Mapping[Untouched, Callable[[Message], Found]] = MappingProxyType(
    {
        Untouched.NO_FROM: _named(b"from"),
        Untouched.SEVERAL_FROM: _several_from,
        Untouched.FOREIGN_SIGNATURE: _foreign_signature,
        Untouched.ARC_SEALED: _named(b"arc-seal", b"arc-message-signature"),
        Untouched.REPORT: _named(b"content-type"),
        Untouched.SIGNED: _named(b"content-type"),
        Untouched.ENCRYPTED: _named(b"content-type"),
        Untouched.UNKNOWN_SENDER: _named(b"from"),
        Untouched.NOT_ITS_ACCOUNT: _named(b"from"),
        Untouched.MALFORMED: _malformed,
    }
)


# What a relay would alter.


def _alteration(message: Message, alteration: Alteration, profile: RelayProfile) -> Diagnosis:
    cure = ALTERATION_CURES.get(alteration, "")
    if alteration is Alteration.NO_FROM:
        return Diagnosis(alteration, "from", 0, cure)
    find = _OFFSETS.get(alteration)
    altered = altered_field(message, profile)
    offset = find(message) if find else altered[1].start if altered else None
    if offset is None:
        return Diagnosis(alteration, "", 0, cure)
    return Diagnosis(alteration, _header_at(message, offset), _line(message, offset), cure)


def _first(pattern: re.Pattern[bytes], *, body: bool = False) -> Callable[[Message], int | None]:
    def find(message: Message) -> int | None:
        found = pattern.search(message.raw, message.body_start if body else 0)
        return found.start() if found else None

    return find


def _malformed_header(message: Message) -> int | None:
    if message.header.broken:
        return message.body_start
    if message.header.start > 0:
        return 0
    found = _ODD_COLON.search(message.raw, 0, message.body_start)
    return found.start() if found else None


_OFFSETS: Mapping[Alteration, Callable[[Message], int | None]] = MappingProxyType(
    {
        Alteration.LONG_LINE: _first(_LONG_LINE, body=True),
        Alteration.EIGHT_BIT: _first(_EIGHT_BIT, body=True),
        Alteration.MALFORMED_HEADER: _malformed_header,
        Alteration.CONTROL: _first(_CONTROL),
        Alteration.BARE_NEWLINE: _first(_BARE_NEWLINE),
    }
)

ALTERATION_CURES: Mapping[Alteration, str] = MappingProxyType(
    {
        Alteration.NO_FROM: "have the program set From",
        Alteration.ADDRESS: (
            "write each address with its full domain, and a name that holds commas in double quotes;"
            " or say with `[relay] profile` that the relay rewrites no addresses"
        ),
        Alteration.LONG_LINE: (
            "send the part as quoted-printable or base64, or break its lines at 998 octets;"
            ' or set `[tracking] long_lines = "reencode"`'
        ),
        Alteration.LONG_FIELD: "shorten the header, or fold its lines at 998 octets",
        Alteration.EMPTY: "have the program set Date and Message-ID, or leave them out",
        Alteration.EIGHT_BIT: (
            "send the part as quoted-printable, or use a relay that offers 8BITMIME"
        ),
        Alteration.MALFORMED_HEADER: "write each header as `Name: value`, with no space before the colon",
        Alteration.LONG_HEADER: "shorten the header: verifiers read 65,536 octets of it",
        Alteration.MANY_FIELDS: "send fewer header fields of one name",
        Alteration.CONTROL: "take the control character out of the message",
        Alteration.BARE_NEWLINE: (
            'end lines with CR LF, or set `[proxy] bare_newlines = "normalise"`'
        ),
    }
)
"""What whoever writes or configures can do about each."""


def _line(message: Message, offset: int) -> int:
    return message.raw.count(b"\n", 0, offset) + 1


def _header_at(message: Message, offset: int) -> str:
    for field in message.headers:
        if field.start <= offset < field.end:
            return field.name.decode("ascii", "replace").lower()
    return ""
