"""What gives a person away in a URL, and URLs without it.

Owns: how an address or an id is found in a URL however it is written there, and what stands in its
place. Does not own: where such URLs are kept (`erasure`, `redaction`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from tracker.identify import Identifier, is_opaque

ERASED = "erased"
"""Stands in the place of what was found; cut where it would be longer."""

_NEVER = re.compile(r"(?!)")
_BEFORE = r"(?:(?<![\w.+-])|(?<=%[0-9A-Fa-f]{2}))"
_AFTER = r"(?![\w-]|\.\w)"


@dataclass(frozen=True, slots=True)
class Needles:
    """Patterns of a person's addresses and hashed ids, and of ids that the application gave.

    The latter may be as short as "7": they count as a whole value only, and only where a URL is the
    person's own.
    """

    anywhere: re.Pattern[str]
    own: re.Pattern[str]

    @classmethod
    def of(cls, names: Collection[str], identifier: Identifier) -> Self:
        """Look for all names that somebody is known by."""
        addresses = [name for name in names if not is_opaque(name)]
        ids = [re.escape(identifier.hashed(name)) for name in names]
        written = [f"(?i:{_BEFORE}{_written(each)}{_AFTER})" for each in addresses]
        own = [re.escape(quote(name, safe="")) for name in names if is_opaque(name)]
        return cls(
            re.compile("|".join((*written, *ids))) if names else _NEVER,
            re.compile(rf"(?<=[=/])(?:{'|'.join(own)})(?=[&;#/?]|\Z)") if own else _NEVER,
        )

    def without(self, url: str, *, theirs: bool = False) -> str:
        """Give a URL without them, never longer; `theirs` where nobody else has it."""
        url = self.anywhere.sub(_instead, url)
        return self.own.sub(_instead, url) if theirs else url


def _written(address: str) -> str:
    """Give a pattern of an address in which any character may be percent-encoded."""
    return "".join(map(_character, address))


def _character(character: str) -> str:
    encoded = "".join(f"%{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
    return f"(?:{re.escape(character)}|{encoded})"


def _instead(found: re.Match[str]) -> str:
    return ERASED[: len(found[0])]
