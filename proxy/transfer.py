"""Transfer encodings: a body decoded, and edits of it put back into the encoded octets.

Owns: which kind of body reads which encoding (RFC 2045 §6). Does not own: the bodies themselves
(`body`, `quoted_printable`, `base64_body`), or which part has which encoding (`mime`).
"""

from proxy.message.base64 import Base64Body
from proxy.message.body import Body, IdentityBody, UnknownBody
from proxy.message.mime import TransferEncoding
from proxy.message.quoted_printable import QuotedPrintableBody


def body(raw: bytes, start: int, end: int, encoding: TransferEncoding | None) -> Body:
    """Decode `raw[start:end]`. Never raises: what cannot be decoded cannot be edited."""
    if encoding is None:
        return UnknownBody(raw[start:end])
    if encoding is TransferEncoding.QUOTED_PRINTABLE:
        return QuotedPrintableBody(raw, start, end)
    if encoding is TransferEncoding.BASE64:
        return Base64Body(raw, start, end)
    return IdentityBody(raw, start, end)
