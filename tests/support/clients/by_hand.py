"""A message and a click on an installed Waypost, with the standard library alone.

The stories that run beside it (`tests/systemd`, `tests/package`) take this file along.
"""

import os
import re
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

LINK = re.compile(rb"http://127\.0\.0\.1:8080/c/[\w-]+")


def message(size_octets: int) -> EmailMessage:
    """Write a message with one link."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "reader@example.net", "Hello"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid()
    mail.set_content('<a href="https://example.com/sale">Sale</a>\n', subtype="html")
    mail.add_attachment(os.urandom(size_octets), maintype="application", subtype="pdf")
    return mail


def send(mail: EmailMessage) -> None:
    """Hand it in."""
    with smtplib.SMTP("127.0.0.1", 2525, timeout=60) as client:
        client.send_message(mail)


def arrives(url: str) -> str:
    """Return where a link leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(url, timeout=60)
    except urllib.error.HTTPError as error:
        return error.headers["location"]
    raise AssertionError(f"{url} does not redirect")
