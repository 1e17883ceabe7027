"""How each sending service is told not to track the clicks of a message a second time.

Owns: the header of each service that switches click tracking off, and merging it into the header
of that name which the application set. Amazon SES has no such header: there, use a configuration
set without click tracking.
Does not own: when it is added (`proxy.rewrite.header_edits`: only to messages whose body changes).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proxy.message.encoded_words import decode_words

LINE = 900
"""Characters after which a value is folded; a line has at most 998 octets (RFC 5322 §2.1.1)."""


def _constant(value: str) -> Callable[[Sequence[str]], str]:
    return lambda _: value


def _without_clicks(values: Sequence[str]) -> str:
    """Return Mandrill's list of what is tracked without clicks; `none` where nothing is left."""
    words = [word.strip() for value in values for word in value.split(",")]
    kept = [word for word in words if word and not word.lower().startswith("clicks")]
    return ",".join(kept) or "none"


def _merged(*path: str, off: object) -> Callable[[Sequence[str]], str | None]:
    """Return a function that sets one key in the JSON of the header.

    It returns None where the header is not JSON of that shape, or there are several of its name.
    """

    def merge(values: Sequence[str]) -> str | None:
        try:
            tree: Any = json.loads(decode_words(values[0])) if values else {}
        except (ValueError, RecursionError):
            return None
        at = tree
        for key in path[:-1]:
            if not isinstance(at, dict):
                return None
            at = at.setdefault(key, {})
        if not isinstance(at, dict) or len(values) > 1:
            return None
        at[path[-1]] = off
        return _folded(json.dumps(tree))

    return merge


def _folded(value: str) -> str:
    """Fold a long value at spaces (RFC 5322 §2.2.3); unfolding gives the same value back."""
    lines, at = [], 0
    while len(value) - at > LINE:
        space = value.rfind(" ", at + 1, at + LINE + 1)
        if space < 0:  # a word longer than a line: fold after it
            space = value.find(" ", at + LINE + 1)
        if space < 0:
            break
        lines.append(value[at:space])
        at = space + 1
    return "\r\n ".join((*lines, value[at:]))


OFF_HEADERS: Mapping[str, tuple[str, Callable[[Sequence[str]], str | None]]] = {
    "postmark": ("X-PM-TrackLinks", _constant("None")),
    "mailgun": ("X-Mailgun-Track-Clicks", _constant("no")),
    "mailjet": ("X-Mailjet-TrackClick", _constant("0")),
    "mandrill": ("X-MC-Track", _without_clicks),
    "sendgrid": ("X-SMTPAPI", _merged("filters", "clicktrack", "settings", "enable", off=0)),
    "sparkpost": ("X-MSYS-API", _merged("options", "click_tracking", off=False)),
}
"""By `[relay] provider`: the header's name, and a function from the values that headers of this
name have now to the one that switches tracking off, or None where they cannot be understood."""
