"""The notice that some recipients of a message were refused for good (RFC 3464, RFC 6533).

Owns: the form of that message: multipart/report with a text for people, the status of each
recipient for programs, and the header of the message that it tells of.
Does not own: when a notice is due, or sending it (`copies`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, localtime, make_msgid
from io import BytesIO

from proxy.smtp.envelope import MailCommand, RcptCommand, unquoted
from proxy.smtp.replies import Reply

HEADER_OCTETS = 65_536
"""How much of the message's header is sent back."""

WORDS_OCTETS = 900
"""How much of the relay's reply is told: in one line of a header, which has 998 octets at most."""

_TEXT = """\
Your message was delivered to some of its recipients, but refused for others:

{refusals}
This is the last word on them: nothing will be tried again.
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient who will never get the message, and the relay's reason."""

    rcpt: RcptCommand
    reply: Reply

    @property
    def words(self) -> str:
        """What the relay said, in one line."""
        said = " ".join(map(_text, self.reply.lines))
        return f"{self.reply.code} {said}"[:WORDS_OCTETS]


def failure_report(
    mail: MailCommand, refusals: Sequence[Refusal], content: bytes, hostname: str
) -> bytes:
    """Write the notice for the sender of `mail`; it is ASCII where the sender's address is."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail delivery <postmaster@{hostname}>"
    report["To"] = mail.path.decode("ascii", "surrogateescape")
    report["Subject"] = "Delivery failed for some recipients"
    report["Date"] = format_datetime(localtime())
    report["Message-ID"] = make_msgid(domain=hostname)
    report["Auto-Submitted"] = "auto-replied"
    lines = "".join(f"{_shown(each.rcpt.path)}\n    {each.words}\n" for each in refusals)
    report.attach(MIMEText(_TEXT.format(refusals=lines), "plain", "utf-8"))
    report.attach(_status(mail, refusals, hostname))
    report.attach(_header(content))
    return _octets(report)


def _status(mail: MailCommand, refusals: Sequence[Refusal], hostname: str) -> Message:
    """RFC 3464 §2: fields about the message, then a group of fields for each recipient."""
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    about_message = _group(
        {
            "Original-Envelope-Id": _given(mail.params.get(b"ENVID")),
            "Reporting-MTA": f"dns; {hostname}",
        }
    )
    about_rcpts = [
        _group(
            {
                "Original-Recipient": _given(each.rcpt.params.get(b"ORCPT")).replace(";", "; ", 1),
                "Final-Recipient": _typed(each.rcpt.path),
                "Action": "failed",
                "Status": each.reply.enhanced or "5.0.0",
                "Diagnostic-Code": f"smtp; {each.words}",
            }
        )
        for each in refusals
    ]
    part.set_payload([about_message, *about_rcpts])
    return part


def _group(fields: Mapping[str, str]) -> Message:
    group = Message()
    for name, value in fields.items():
        if value:
            group[name] = value
    return group


def _given(xtext: bytes | None) -> str:
    """Return what the client said to be told again (RFC 3461 §6.3)."""
    return _text(unquoted(xtext or b""))


def _typed(path: bytes) -> str:
    """Return an address with its type; beyond ASCII as RFC 6533 §3 writes it."""
    if path.isascii():
        return f"rfc822; {_text(path)}"
    chars = path.decode("utf-8", "replace")
    return "utf-8; " + "".join(c if c.isascii() else f"\\x{{{ord(c):X}}}" for c in chars)


def _header(content: bytes) -> Message:
    part = Message()
    part["Content-Type"] = "text/rfc822-headers"
    header = content[:HEADER_OCTETS].partition(b"\r\n\r\n")[0]
    part.set_payload(header.decode("ascii", "backslashreplace").replace("\r\n", "\n") + "\n")
    return part


def _text(octets: bytes) -> str:
    """Return what may stand in a header: printable ASCII."""
    return _shown(octets).encode("ascii", "backslashreplace").decode("ascii")


def _shown(octets: bytes) -> str:
    return "".join(char for char in octets.decode("utf-8", "replace") if char.isprintable())


def _octets(report: Message) -> bytes:
    written = BytesIO()
    policy = report.policy.clone(linesep="\r\n", max_line_length=None)
    BytesGenerator(written, policy=policy).flatten(report)
    return written.getvalue()
