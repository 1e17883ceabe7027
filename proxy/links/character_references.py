"""Character references in the values of HTML attributes: decoding and encoding them.

Owns: WHATWG HTML §13.2.5.72 to 80 as they apply inside an attribute, where a named reference
without its semicolon stays as written if `=` or an alphanumeric follows (`&copy=3`); and which
characters we write as references in a value of ours.
Does not own: where a value begins and ends (`tokenizer`), or its charset (`charsets`).
"""

import re
from html.entities import html5
from typing import Final

from proxy.message.work_budget import spend

_REFERENCE: Final = re.compile(
    r"&(?:#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?|([A-Za-z][0-9A-Za-z]*)(;|=)?)"
)
_OCTETS_GONE: Final = len("&amp;") - len("&")
# A code point has at most seven digits in either base; one with more is out of range.
_DIGITS_AT_MOST: Final = 7
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_LAST_CODE_POINT: Final = 0x10FFFF
# §13.2.5.80: numbers that stand for the printable characters of windows-1252 at that place.
_C1: Final = {
    number: bytes([number]).decode("cp1252")
    for number in range(0x80, 0xA0)
    if number not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_NAMES_LENGTH_AT_MOST: Final = max(map(len, html5))
_WRITTEN: Final = {ord("&"): "&amp;", ord('"'): "&quot;", ord("'"): "&#39;"}
# An unquoted value ends at white space or ">"; the other characters here are parse errors in it.
_WRITTEN_UNQUOTED: Final = {ord(char): f"&#{ord(char)};" for char in "\t\n\f\r \"'&<=>`"}


def decode(text: str) -> str:
    """Return an attribute value as the HTML tokenizer reads it.

    References are resolved, NUL is replaced, line ends are LF.
    """
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" not in text:
        return text
    references = text.count("&")
    spend(references)
    plain = text.replace("&amp;", "&")
    if len(text) - len(plain) == references * _OCTETS_GONE:  # all are of this kind, as in most URLs
        return plain
    return _REFERENCE.sub(_resolve, text)


def encode(text: str, quote: str) -> str:
    """Return `text` as an attribute value between two `quote` (`"`, `'`; "" for no quotes)."""
    return text.translate(_WRITTEN if quote else _WRITTEN_UNQUOTED)


def _resolve(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name, after = reference.groups()
    if hexadecimal:
        return _character(hexadecimal, 16)
    if decimal:
        return _character(decimal, 10)
    if len(name) > _NAMES_LENGTH_AT_MOST:
        return reference[0]
    if after == ";":
        return html5.get(name + ";", reference[0])
    if after == "=":
        return reference[0]
    return html5.get(name, reference[0])


def _character(digits: str, base: int) -> str:
    digits = digits.lstrip("0")
    number = int(digits or "0", base) if len(digits) <= _DIGITS_AT_MOST else _LAST_CODE_POINT + 1
    if number == 0 or number > _LAST_CODE_POINT or 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004
        return _REPLACEMENT
    return _C1.get(number) or chr(number)
