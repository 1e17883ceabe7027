"""What a message says about its own tracking, and who has the last word.

Owns: reading the headers of the native table and of the enabled dialects into one value, and the
order of precedence between configuration and headers.
Does not own: what a header's value means (`dialects`), or single links (`links`).

Precedence: `enabled = false` is final; then a link's own opt-out; then the message's headers, of
which an off beats every on; then the sender's default; then the workspace's.
"""

import contextlib
import email.errors
import email.header
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from proxy.policy.dialects import HEADER_CONVENTIONS, NATIVE, HeaderConvention, Said
from proxy.policy.reasons import Untouched
from tracker.decisions.consents import Consent, strictest
from tracker.events import MAX_NAME

MAX_WORDS = 100_000
"""Characters of a header that may be looked through for encoded words."""

MAX_ENCODED = 2_000
"""Characters that are looked at; encoded words take up to twelve for one."""

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Switches:
    """What the headers of one message ask for; None where they are silent.

    `html` and `text`: track links of such parts. `params`: add URL parameters. `opens`: add a
    pixel, where the workspace does at all. `odd` names the
    headers whose value no one defined (they counted as off).
    """

    html: bool | None = None
    text: bool | None = None
    params: bool | None = None
    opens: bool | None = None
    campaign: str | None = None
    person: str | None = None
    consent: Consent = Consent.FULL
    odd: tuple[str, ...] = ()


SILENT = Switches()


@lru_cache(maxsize=32)
def conventions(dialects: frozenset[str]) -> Mapping[bytes, HeaderConvention]:
    """Give the header rows that count, native ones always, by lower-case name."""
    return {
        row.name: row
        for row in HEADER_CONVENTIONS
        if row.dialect == NATIVE or row.dialect in dialects
    }


def read(values: Iterable[tuple[HeaderConvention, bytes]]) -> Switches:
    """Combine what the rows found in one message say, in order of appearance."""
    found = [
        (row, row.read(decode_words(value.decode("utf-8", "replace")))) for row, value in values
    ]
    if not found:
        return SILENT
    said = [says for _, says in found]
    return Switches(
        html=_strictest(says.html for says in said),
        text=_strictest(says.text for says in said),
        params=_strictest(says.params for says in said),
        opens=_strictest(says.opens for says in said),
        campaign=_first(found, "campaign"),
        person=_first(found, "person"),
        consent=_consent(said),
        odd=tuple(row.name.decode("ascii") for row, says in found if not says.understood),
    )


def _strictest(opinions: Iterable[bool | None]) -> bool | None:
    """Off wins, then on, then silence."""
    known = {opinion for opinion in opinions if opinion is not None}
    return False not in known if known else None


def _first(found: list[tuple[HeaderConvention, Said]], field: str) -> str | None:
    """Give the first text said, of our own header before those of others."""
    for native in (True, False):
        for row, says in found:
            if row.native is native and (text := clean_text(getattr(says, field))):
                return text
    return None


def _consent(said: Iterable[Said]) -> Consent:
    return strictest(*(Consent(says.consent) for says in said if says.consent))


def clean_text(text: str) -> str:
    """Make a name out of what people wrote: encoded words decoded (RFC 2047), one short line.

    Never raises.
    """
    return _CONTROLS.sub(" ", decode_words(text[:MAX_ENCODED])).strip()[:MAX_NAME]


def decode_words(text: str) -> str:
    """Decode the encoded words of a header's text (RFC 2047), if they can be. Never raises."""
    if "=?" in text and len(text) <= MAX_WORDS:
        with contextlib.suppress(email.errors.MessageError, ValueError, LookupError):
            return str(email.header.make_header(email.header.decode_header(text)))
    return text


def verdict(*, switch: bool | None, default: bool) -> Untouched | None:
    """Say why links are not tracked, given the headers' switch and the default; or None."""
    if switch is False:
        return Untouched.TRACKING_OFF
    if switch is None and not default:
        return Untouched.OFF_BY_DEFAULT
    return None
