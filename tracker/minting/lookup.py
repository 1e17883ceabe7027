"""Reading a link that somebody holds, full or short, whatever stands around its token.

Owns: finding the token in a URL, or the one that a short link stands for, and what a link holds as
JSON.
Does not own: tokens (`tracker.tokens`), or the file of short links (`short_links`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from config.schema import StateFile
from tracker.minting import short_links
from tracker.minting.short_links import ShortLinks
from tracker.tokens import APP_PATH, PATH, Keyring, Link, key_id, read


class UnknownCode(LookupError):
    """A short link that is not in the file; the text names the code and the file."""


@dataclass(frozen=True, slots=True)
class DecodedLink:
    """A link, and the id of the key that it was minted with."""

    link: Link
    key: int

    def json(self) -> dict[str, Any]:
        """Return the link as `waypost decode --json` prints it."""
        return {
            "message_id": self.link.message_id.hex(),
            "recipient": self.link.recipient,
            "link": self.link.number,
            "sent_at": datetime.fromtimestamp(self.link.sent_at_s, UTC).isoformat(),
            "key": self.key,
            "destination": self.link.destination,
            "preview": self.link.preview,
        }


def decode(keyring: Keyring, state: StateFile, text: str) -> DecodedLink:
    """Read a tracked URL, a short link, or a bare token.

    Raises BadToken, UnknownCode, and OSError where the file of short links cannot be read.
    """
    token = token_behind(state, text)
    return DecodedLink(read(keyring, token), key_id(token))


def token_behind(state: StateFile, text: str) -> str:
    """Return the token in a URL or behind a short link; raises UnknownCode and OSError."""
    code = short_links.code_in(text)
    if code is None:
        return token_in(text)
    token = ShortLinks.load(state).token(code)
    if token is None:
        path = short_links.file_of(state)
        why = f"{code} is not in {path}" if path.exists() else f"there is no {path}"
        raise UnknownCode(f"not a short link of ours: {why}")
    return token


def token_in(url: str) -> str:
    """Return the token in a tracked URL, whatever host or prefix it has; or the token itself."""
    tail = url.strip().rpartition(PATH)[2].removeprefix(APP_PATH.removeprefix(PATH))
    return tail.partition("?")[0].partition("#")[0]
