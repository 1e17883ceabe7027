"""MIME entities for tests, octet by octet, and what the parser found in them."""

from proxy.message.editing import Message, Skip, decode

HTML = b"Content-Type: text/html\n\n<a href='http://a/'>x</a>\n"


def crlf(text: bytes) -> bytes:
    """Write line endings as SMTP does."""
    return text.replace(b"\n", b"\r\n")


def multipart(kind: bytes, boundary: bytes, *parts: bytes) -> bytes:
    """Write a multipart entity with its header."""
    delimited = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\n\n'
    return head + delimited + b"--" + boundary + b"--\n"


def listed(message: Message) -> list[tuple[str, str, Skip | None]]:
    """Return path, type and reason of each part."""
    return [(part.path, part.content_type, part.skip) for part in message.parts]


def contents(message: Message) -> list[bytes]:
    """Return the decoded octets of each part."""
    return [decode(message, part).octets for part in message.parts]
