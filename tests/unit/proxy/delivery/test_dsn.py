"""The notice of RFC 3464."""

import email

from proxy.delivery.dsn import Refusal, failure_report
from proxy.smtp.envelope import MailCommand, parse_mail, parse_rcpt
from proxy.smtp.replies import Reply

CONTENT = "Subject: é\r\nMessage-ID: <1@example.com>\r\n\r\nsecret body\r\n".encode()

OFFERED = frozenset({"DSN", "SMTPUTF8"})
NO = Reply(550, (b"5.7.1 no",))


def mail(arg: str) -> MailCommand:
    """Return the MAIL of the message that was refused."""
    return parse_mail(b"FROM:" + arg.encode(), OFFERED)


def refusal(arg: str, reply: Reply = NO) -> Refusal:
    """Have a RCPT refused."""
    return Refusal(parse_rcpt(b"TO:" + arg.encode(), OFFERED), reply)


def test_a_notice_tells_people_and_programs() -> None:
    """Each recipient with the relay's words; the body is not sent back."""
    refusals = [
        refusal("<1@example.net>", Reply(550, (b"5.1.1 first line", b"5.1.1 second"))),
        refusal("<é@example.net>", Reply(554, (b"no \xff\x07 code",))),
    ]
    raw = failure_report(mail("<a@example.com>"), refusals, CONTENT, "mail.example.com")
    assert b"secret body" not in raw
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    notice = email.message_from_bytes(raw)
    assert notice["To"] == "a@example.com"
    assert notice["Auto-Submitted"] == "auto-replied"
    assert notice.get_param("report-type") == "delivery-status"
    _, status, header = notice.get_payload()
    about, first, second = status.get_payload()
    assert about["Reporting-MTA"] == "dns; mail.example.com"
    assert first["Diagnostic-Code"] == "smtp; 550 5.1.1 first line 5.1.1 second"
    assert (first["Status"], second["Status"]) == ("5.1.1", "5.0.0")
    assert "Message-ID: <1@example.com>" in header.get_payload()
    assert second["Final-Recipient"] == r"utf-8; \x{E9}@example.net"


def test_what_the_client_gave_to_be_told_again_is_told_again() -> None:
    """RFC 3461 §6.3: ENVID and ORCPT, their xtext undone."""
    refusals = [refusal("<1@example.net> ORCPT=rfc822;Bob+2Bx@example.org NOTIFY=FAILURE")]
    raw = failure_report(mail("<a@example.com> ENVID=QQ+3D1 RET=HDRS"), refusals, CONTENT, "m")
    about, first = email.message_from_bytes(raw).get_payload()[1].get_payload()
    assert about["Original-Envelope-Id"] == "QQ=1"
    assert first["Original-Recipient"] == "rfc822; Bob+x@example.org"


def test_a_sender_beyond_ascii_is_addressed() -> None:
    """RFC 6532: as UTF-8 in the header; the notice declares it (SMTPUTF8)."""
    raw = failure_report(mail("<é@example.com> SMTPUTF8"), [refusal("<1@a.example>")], CONTENT, "m")
    assert "To: é@example.com\r\n".encode() in raw


def test_a_long_reply_does_not_make_a_long_line() -> None:
    """RFC 5322 §2.1.1: a relay between would fold or refuse it."""
    endless = Reply(550, (b"no " * 2000,) * 10)
    raw = failure_report(mail("<a@example.com>"), [refusal("<1@a.example>", endless)], CONTENT, "m")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
