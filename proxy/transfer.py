"""Transfer encodings: a body decoded, and edits of it put back into the encoded octets.

Owns: the rules by which an edit of decoded octets becomes an edit of raw ones, so that all other
raw octets stay (RFC 2045 §6, RFC 5322 §2.1.1): `Body` and its kinds here, quoted-printable in
`quoted_printable`, base64 in `base64_body`. Does not own: which part has which encoding
(`message`), or what the edits say (`rewrite`).
"""

from proxy.base64_body import Base64Body
from proxy.body import Body, Change, Edit, IdentityBody, NotEditable, Obstacle, UnknownBody
from proxy.mime import TransferEncoding
from proxy.quoted_printable import QuotedPrintableBody

__all__ = ["Body", "Change", "Edit", "NotEditable", "Obstacle", "body"]

_IDENTITIES = frozenset(
    {TransferEncoding.SEVEN_BIT, TransferEncoding.EIGHT_BIT, TransferEncoding.BINARY}
)


def body(raw: bytes, start: int, end: int, encoding: TransferEncoding | None) -> Body:
    """Decode `raw[start:end]`. Never raises: what cannot be decoded cannot be edited."""
    if encoding in _IDENTITIES:
        return IdentityBody(raw, start, end)
    if encoding is TransferEncoding.QUOTED_PRINTABLE:
        return QuotedPrintableBody(raw, start, end)
    if encoding is TransferEncoding.BASE64:
        return Base64Body(raw, start, end)
    return UnknownBody(raw[start:end])
