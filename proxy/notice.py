"""The notice that some recipients of a message were refused for good (RFC 3464).

Owns: the form of that message: multipart/report with a text for people, the status of each
recipient for programs, and the header of the message that it tells of.
Does not own: when a notice is due, or sending it (`copies`).
"""

from collections.abc import Mapping
from email.generator import BytesGenerator
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, localtime, make_msgid
from io import BytesIO

from proxy.replies import Reply

HEADER_OCTETS = 65_536
"""How much of the message's header is sent back."""

_TEXT = """\
Your message was delivered to some of its recipients, but refused for others:

{refusals}
This is the last word on them: nothing will be tried again.
"""


def refused_for_good(
    sender: bytes, refusals: Mapping[bytes, Reply], content: bytes, hostname: str
) -> bytes:
    """Write the notice for `sender`, with the relay's reply for each recipient refused."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail delivery <postmaster@{hostname}>"
    report["To"] = _text(sender)
    report["Subject"] = "Delivery failed for some recipients"
    report["Date"] = format_datetime(localtime())
    report["Message-ID"] = make_msgid(domain=hostname)
    report["Auto-Submitted"] = "auto-replied"
    lines = "".join(f"{_text(rcpt)}\n    {_words(reply)}\n" for rcpt, reply in refusals.items())
    report.attach(MIMEText(_TEXT.format(refusals=lines), "plain", "utf-8"))
    report.attach(_status(refusals, hostname))
    report.attach(_header(content))
    return _octets(report)


def _status(refusals: Mapping[bytes, Reply], hostname: str) -> Message:
    """RFC 3464 §2: fields about the message, then a group of fields for each recipient."""
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    about_message = _group({"Reporting-MTA": f"dns; {hostname}"})
    about_rcpts = [
        _group(
            {
                "Final-Recipient": f"rfc822; {_text(rcpt)}",
                "Action": "failed",
                "Status": reply.enhanced or "5.0.0",
                "Diagnostic-Code": f"smtp; {_words(reply)}",
            }
        )
        for rcpt, reply in refusals.items()
    ]
    part.set_payload([about_message, *about_rcpts])
    return part


def _group(fields: Mapping[str, str]) -> Message:
    group = Message()
    for name, value in fields.items():
        group[name] = value
    return group


def _header(content: bytes) -> Message:
    part = Message()
    part["Content-Type"] = "text/rfc822-headers"
    header = content[:HEADER_OCTETS].partition(b"\r\n\r\n")[0]
    part.set_payload(header.decode("ascii", "backslashreplace").replace("\r\n", "\n") + "\n")
    return part


def _words(reply: Reply) -> str:
    return f"{reply.code} " + " ".join(map(_text, reply.lines))


def _text(octets: bytes) -> str:
    """Give what may stand in a header: printable ASCII."""
    text = octets.decode("utf-8", "replace").encode("ascii", "backslashreplace").decode("ascii")
    return "".join(char for char in text if char.isprintable())


def _octets(report: Message) -> bytes:
    written = BytesIO()
    policy = report.policy.clone(linesep="\r\n", max_line_length=None)
    BytesGenerator(written, policy=policy).flatten(report)
    return written.getvalue()
