"""Messages that are much work for their size, each kind by what it has many of."""

import base64
import quopri
from collections.abc import Callable

from tests.support.mail import HEAD

_HEAD = f"{HEAD}MIME-Version: 1.0\r\n".encode()
_LINK = b"<a href=http://e.x/%d>a</a>\r\n"

Build = Callable[[int], bytes]
"""Gives a message of about so many octets."""


def _many(unit: bytes, octets: int) -> bytes:
    """Repeat a piece of text; `%d` in it counts."""
    return b"".join(unit.replace(b"%d", b"%d" % n) for n in range(octets // len(unit)))


def _html(unit: bytes, before: bytes = b"", after: bytes = b"", charset: bytes = b"utf-8") -> Build:
    head = _HEAD + b"Content-Type: text/html; charset=" + charset + b"\r\n\r\n"
    return lambda octets: head + before + _many(unit, octets) + after + b"\r\n"


def _base64(share: float, charset: str = "utf-8", unit: bytes = _LINK) -> Build:
    """Leave `share` of the octets to the text in UTF-8."""
    return _encoded(b"base64", base64.encodebytes, share, charset, unit)


def _encoded(
    name: bytes, encode: Callable[[bytes], bytes], share: float, charset: str, unit: bytes
) -> Build:
    head = _HEAD + b"Content-Type: text/html; charset=" + charset.encode() + b"\r\n"
    head += b"Content-Transfer-Encoding: " + name + b"\r\n\r\n"

    def build(octets: int) -> bytes:
        text = _many(unit, int(octets * share)).decode().encode(charset)
        return head + encode(text).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    return build


def _parts(unit: bytes, before: bytes = b"") -> Build:
    head = _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return lambda octets: head + before + _many(unit, octets) + b"--b--\r\n"


def _header(unit: bytes) -> Build:
    page = b"Content-Type: text/html\r\n\r\n<a href=http://e.x/>a</a>\r\n"
    return lambda octets: _HEAD + _many(unit, octets) + page


def _text(unit: bytes) -> Build:
    return lambda octets: _HEAD + b"\r\n" + _many(unit, octets)


_MSO = (b"<!--[if mso]>", b"<![endif]-->")
KINDS: dict[str, Build] = {
    "links": _html(_LINK),
    "links, quoted-printable": _encoded(
        b"quoted-printable", quopri.encodestring, 0.8, "utf-8", _LINK
    ),
    "links, base64": _base64(0.7),
    "links, UTF-16": _base64(0.35, "utf-16"),
    "links for Outlook": _html(b"<v:%d href=http://e.x/>\r\n", *_MSO),
    "links in SVG": _html(b"<a href=http://e.x/%d />\r\n", b"<svg>"),
    "labels of tags": _html(b"<v:%d href=http://e.x/>" + (b"<b>" * 99 + b"\r\n") * 10, *_MSO),
    "labels of references": _html(
        b"<v:%d href=http://e.x/>" + (b"&#65;" * 99 + b"\r\n") * 8, *_MSO
    ),
    "labels of images": _html(
        b"<a href=http://e.x/%d><img " + (b"a " * 99 + b"\r\n") * 9 + b"></a>"
    ),
    "anchors": _html(b"<a>"),
    "attributes": _html(b"a ", b"<a ", b" href=http://e.x/>"),
    "references": _html(b"&lt;", b'<a href="http://e.x/?', b'">'),
    "other scripts": _html(
        b'<a href="http://e.x/%d?' + "ä".encode("latin-1") * 900 + b'">a</a>\r\n',
        charset=b"iso-8859-1",
    ),
    "declarations": _html(b"<!>"),
    "SVG": _html(b"<svg><g></p>"),
    "SVG with attributes": _html(b"<g " + b"a " * 50 + b"/>", b"<svg>"),
    "characters, ISO-2022-JP": _html(b'\x1b$B$"\x1b(Ba', charset=b"iso-2022-jp"),
    "characters, UTF-16": _base64(0.55, "utf-16-le", "aä".encode()),
    "URLs in text": _text(b"http://e.x/%d\r\n"),
    "brackets in text": _text(b"http://e.x/%d" + b")" * 900 + b"\r\n"),
    "+notrack in text": _text(b"http+notrack://e.x/%d\r\n"),
    "parts": _parts(b"--b\r\n\r\n"),
    "pages": _parts(b"--b\r\nContent-Type:text/html\r\n\r\n\r\n"),
    "parameters": _parts(b"--b\r\nContent-Type:text/html" + b";a*=1" * 2000 + b"\r\n\r\n\r\n"),
    "lines of hyphens": _parts(b"--\r\n", b"--b\r\n\r\n"),
    "fields": _header(b"X-A: %d\r\n"),
    "switches": _header(b"X-Track-Links: on\r\n"),
    "encoded words": _header(b"X-Track-Campaign: " + b"=?utf-8?q?a?=x" * 60 + b"\r\n"),
}
