"""The notice of RFC 3464."""

import email

from proxy.notice import refused_for_good
from proxy.replies import Reply

CONTENT = "Subject: é\r\nMessage-ID: <1@example.com>\r\n\r\nsecret body\r\n".encode()


def test_a_notice_tells_people_and_programs() -> None:
    """Each recipient with the relay's words; the body is not sent back."""
    refusals = {
        b"1@example.net": Reply(550, (b"5.1.1 first line", b"5.1.1 second")),
        "é@example.net".encode(): Reply(554, (b"no \xff\x07 code",)),
    }
    raw = refused_for_good(b"a@example.com", refusals, CONTENT, "mail.example.com")
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
