"""Any folder of real material, read as cases: messages with what is known of their documents.

Understands raw messages, HTML documents, html5lib's tokenizer (`.test`) and tree-construction
(`.dat`) files, and URL cases (JSON lists with "input"). Documents are wrapped in a message, in
turn as 8bit, quoted-printable and base64.
"""

import base64
import binascii
import email
import email.policy
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Any

import webencodings

from tests.corpus.oracles import Document

_HEADER = b"""From: Author <author@example.com>\r
To: Reader <reader@example.net>\r
Subject: A case\r
Date: Mon, 23 Nov 2026 12:00:00 +0000\r
Message-ID: <case@example.com>\r
MIME-Version: 1.0\r
"""
_FIELD = re.compile(rb"(?:From |[!-9;-~]+[ \t]*:)")
_NOT_MESSAGES = {".md", ".dns", ".pub", ".result", ".css", ".js", ".py", ".yml", ".yaml"}
_ANCHOR = re.compile(r"<(?:a|area)(?=[\s/>])", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")


@dataclass(frozen=True)
class Case:
    """One message and its HTML documents, as other software decodes them."""

    name: str
    kind: str
    message: bytes
    documents: tuple[Document, ...]


def cases(folder: Path) -> Iterator[Case]:
    """Return every case in `folder`, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from _file(path, path.relative_to(folder).as_posix())


def _file(path: Path, name: str) -> Iterator[Case]:
    octets = path.read_bytes()
    suffix = path.suffix.lower()
    if suffix in {".html", ".htm", ".xhtml"}:
        yield _document(name, octets)
    elif suffix in {".test", ".json"}:
        yield from _json(name, octets)
    elif suffix == ".dat" and b"#data\n" in octets.replace(b"\r\n", b"\n"):
        yield from _trees(name, octets)
    elif suffix == ".eml" or (suffix not in _NOT_MESSAGES and _is_message(octets)):
        yield _message(name, octets)


def _is_message(octets: bytes) -> bool:
    return _FIELD.match(octets.lstrip(b"\r\n")) is not None


def _message(name: str, octets: bytes) -> Case:
    """Take a message as an SMTP client would send it, with CRLF at the end of each line."""
    wire = re.sub(rb"\r\n|\n", b"\r\n", octets)
    return Case(name, "message", wire, documents(wire))


def documents(wire: bytes) -> tuple[Document, ...]:
    """Return the HTML documents of a message as the standard library finds and decodes them."""
    try:
        return tuple(_html(email.message_from_bytes(wire, policy=email.policy.compat32)))
    except (LookupError, ValueError, AttributeError, RecursionError):
        return ()  # `email` gives up; we still may not


def _html(part: Message, *, nested: bool = False) -> Iterator[Document]:
    if part.is_multipart():
        nested = nested or part.get_content_maintype() != "multipart"
        for inner in part.get_payload():
            yield from _html(inner, nested=nested)  # type: ignore[arg-type]
    elif part.get_content_type() == "text/html":
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield replace(_decoded(payload, part.get_content_charset()), nested=nested)


def _decoded(octets: bytes, label: str | None) -> Document:
    encoding = webencodings.lookup(label or "utf-8")
    if encoding is None or encoding.name == "replacement":
        return Document(octets.decode("latin-1"))
    text, used = webencodings.decode(octets, encoding)
    codec = "utf-8" if used.name.startswith("utf-16") else str(used.codec_info.name)
    return Document(text, codec)


def _document(name: str, octets: bytes) -> Case:
    label = "utf-8"
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        label = "utf-16"
    else:
        try:
            octets.decode("utf-8")
        except UnicodeDecodeError:
            label = "windows-1252"
    return _wrapped(name, "html", octets, label)


def _wrapped(name: str, kind: str, html: bytes, label: str = "utf-8") -> Case:
    encodings = {"8bit": _as_lines, "quoted-printable": _as_qp, "base64": base64.encodebytes}
    encoding = list(encodings)[zlib.crc32(name.encode()) % len(encodings)]
    if encoding == "8bit" and (b"\0" in html or b"\r" in html.replace(b"\r\n", b"")):
        encoding = "base64"
    content_type = f"Content-Type: text/html; charset={label}\r\n"
    transfer = f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    body = encodings[encoding](html).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    message = _HEADER + content_type.encode() + transfer.encode() + body + b"\r\n"
    return Case(name, kind, message, documents(message))


def _as_lines(html: bytes) -> bytes:
    return html


def _as_qp(html: bytes) -> bytes:
    return binascii.b2a_qp(html, istext=b"\r" not in html.replace(b"\r\n", b""))


def _linked(html: str) -> str:
    """Return every `a` and `area` an http href of its own."""
    count = 0

    def with_href(tag: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f'{tag[0]} href="http://link{count}.example/"'

    return _ANCHOR.sub(with_href, html)


def _encoded(name: str, kind: str, html: str) -> Iterator[Case]:
    try:
        yield _wrapped(name, kind, html.encode("utf-8"))
    except UnicodeEncodeError:
        return  # a lone surrogate, which no octets can stand for


def _trees(name: str, octets: bytes) -> Iterator[Case]:
    text = octets.decode("utf-8", "replace").replace("\r\n", "\n")
    for number, case in enumerate(text.split("#data\n")[1:]):
        yield from _encoded(f"{name}:{number}", "tree", _linked(case.partition("\n#errors")[0]))


def _json(name: str, octets: bytes) -> Iterator[Case]:
    try:
        content: Any = json.loads(octets)
    except ValueError:
        return
    tests = content.get("tests", []) if isinstance(content, dict) else content
    for number, test in enumerate(tests if isinstance(tests, list) else []):
        given = test.get("input") if isinstance(test, dict) else None
        if not isinstance(given, str):
            continue
        if isinstance(content, list):
            yield from _encoded(f"{name}:{number}", "url", f'<a href="{_attribute(given)}">x</a>')
            continue
        if test.get("doubleEscaped"):
            given = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), given)
        yield from _encoded(f"{name}:{number}", "tokens", _linked(given))
        if '"' not in given:
            value = f'<a href="http://x.example/?{given}">x</a>'
            yield from _encoded(f"{name}:{number}v", "tokens", value)


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").replace("\0", "&#0;")
