"""OpenPGP text within a part: signed or encrypted, with the armour in sight (RFC 9580 §7, §6.2).

Owns: telling that a text holds a whole block of it, so that not an octet of the part may change.
Does not own: OpenPGP as MIME has it (`parser`, by RFC 3156), or checking any signature.

Webmail programs put such a text into HTML, mostly within `<pre>`; only what is whole counts, so that
an answer that quotes its first lines is not held up.
"""

import re
from collections.abc import Sequence

from proxy.message.model import Skip

_BEGIN = b"-----BEGIN PGP "


def _lines(*names: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Return a pattern of each armour line, where a line or an element begins."""
    return tuple(re.compile(rb"(?:^|(?<=[>\n]))-----" + name + rb"-----") for name in names)


_SIGNED = _lines(b"BEGIN PGP SIGNED MESSAGE", b"BEGIN PGP SIGNATURE", b"END PGP SIGNATURE")
_ENCRYPTED = _lines(b"BEGIN PGP MESSAGE", b"END PGP MESSAGE")


def protection(octets: bytes) -> Skip | None:
    """Return whether a decoded text is signed or encrypted with OpenPGP, or None."""
    # From the end: `rfind` looks for its first octet, which is rarer than its last, in half of the time.
    if octets.rfind(_BEGIN) < 0:
        return None
    if _in_order(octets, _SIGNED):
        return Skip.SIGNED
    return Skip.ENCRYPTED if _in_order(octets, _ENCRYPTED) else None


def _in_order(octets: bytes, lines: Sequence[re.Pattern[bytes]]) -> bool:
    at = 0
    for line in lines:
        found = line.search(octets, at)
        if found is None:
            return False
        at = found.end()
    return True
