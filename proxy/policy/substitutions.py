"""The tags of a message that its relay will fill in, where the message itself names them.

Owns: reading them from `X-SMTPAPI` (SendGrid's `sub` and `section`), as a URL would hold them.
Does not own: placeholders that are known by how they are written (`tracker.urls.placeholders`), or
what follows for a link (`decide`).

Whatever dialects are enabled: the relay fills tags in that it finds, not those that we understand.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from proxy.message.editing import Message
from proxy.message.encoded_words import decode_words
from tracker.urls.placeholders import NOT_ENCODED

HEADER = b"x-smtpapi"
MAX_TAGS = 1_000
"""Of one message; whoever names more has all of its links looked at for the first ones."""


def tags(message: Message) -> tuple[str, ...]:
    """Return each tag that the relay fills in, as it is and as it is written in a URL."""
    if HEADER not in message.names:
        return ()
    values = message.values(HEADER)
    found = (
        tag for value in values for tag in _named(decode_words(value.decode("utf-8", "replace")))
    )
    both = (written for tag in found for written in (tag, quote(tag, safe=NOT_ENCODED)))
    return tuple(dict.fromkeys(both))[:MAX_TAGS]


def _named(text: str) -> Iterator[str]:
    try:
        tree: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(tree, dict):
        return
    for key in ("sub", "section"):
        if isinstance(named := tree.get(key), dict):
            yield from (tag for tag in named if tag)
