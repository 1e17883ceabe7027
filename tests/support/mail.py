"""Messages for tests, built from what matters to them."""

import base64
import quopri

from proxy.message.editing import decode, parse

HEAD = (
    "From: Shop <news@example.com>\r\n"
    "To: reader@example.org\r\n"
    "Subject: Spring\r\n"
    "Date: Mon, 23 Nov 2026 16:43:22 +0000\r\n"
    "Message-ID: <1@example.com>\r\n"
)
ORDER_LINK = b"https://shop.example.com/orders?id=7"
ORDER = (
    b"From: Shop <shop@example.com>\r\nTo: reader@example.net\r\nSubject: Your order\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <order-7@example.com>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p><a href="' + ORDER_LINK + b'">Order</a></p>\r\n'
)
"""A message as it is, with its one link."""


def html_message(
    html: str | bytes,
    *headers: str,
    encoding: str = "8bit",
    charset: str = "utf-8",
    head: str = HEAD,
) -> bytes:
    """Return a message whose body is one HTML part."""
    octets = html.encode(charset) if isinstance(html, str) else html
    lines = [
        *headers,
        "MIME-Version: 1.0",
        f"Content-Type: text/html; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    block = head + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return block.encode() + encoded(octets, encoding)


def encoded(octets: bytes, encoding: str) -> bytes:
    """Encode a body as mail programs do."""
    if encoding == "base64":
        return base64.encodebytes(octets).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(octets).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return octets + b"\r\n"


def link(url: str, attributes: str = "", text: str = "text") -> str:
    """Return an anchor."""
    return f'<a href="{url}" {attributes}>{text}</a>\r\n'


def multipart(kind: str, *parts: bytes, headers: str = "", head: str = HEAD) -> bytes:
    """Return a message of several parts, each with its own header block."""
    top = (
        f'{head}{headers}MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="b"\r\n\r\n'
    )
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return top.encode() + body + b"--b--\r\n"


def text_part(text: str, parameters: str = "") -> bytes:
    """Return a text/plain part for `multipart`; `parameters` follow its charset."""
    return f"Content-Type: text/plain; charset=utf-8{parameters}\r\n\r\n{text}\r\n".encode()


def html_part(html: str) -> bytes:
    """Return a text/html part for `multipart`."""
    return b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


def decoded(message: bytes) -> bytes:
    """Return the decoded octets of the last part."""
    parsed = parse(message)
    return decode(parsed, parsed.parts[-1]).octets
