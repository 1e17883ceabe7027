"""How each sending service is told not to track a message a second time.

Owns: the header of each service that switches click tracking off, and merging it into one that the
application set. Amazon SES knows none: there, use a configuration set without click tracking.
Does not own: when it is added (`proxy.rewrite.transformer`, only to messages that we changed).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proxy.message.encoded_words import decode_words

LINE = 900
"""Octets after which a value is folded; a line has at most 998."""


def _constant(value: str) -> Callable[[Sequence[str]], str]:
    return lambda _: value


def _without_clicks(values: Sequence[str]) -> str:
    """Take the clicks out of Mandrill's list of what is tracked; an empty list tracks nothing."""
    words = [word.strip() for value in values for word in value.split(",")]
    kept = [word for word in words if word and not word.lower().startswith("clicks")]
    return ",".join(kept) or "none"


def _merged(*path: str, off: object) -> Callable[[Sequence[str]], str | None]:
    """Give a function that sets one place in the JSON of the header; None for other content."""

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
    """Fold a long value at spaces (RFC 5322 §2.2.3); one within a string stays itself."""
    lines, at = [], 0
    while len(value) - at > LINE:
        space = value.rfind(" ", at + 1, at + LINE + 1)
        if space < 0:  # a word that is too long for any line
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
"""By `[relay] provider`: the header's name, and its value given the values it has now."""
