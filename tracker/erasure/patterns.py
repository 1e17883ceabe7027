"""What gives a person away in a URL or a name, and either without it.

Owns: how an address or an id is found however it is written there, and what stands in its place.
Does not own: where such texts are kept (`rows`, `labels`, `spool`).

An address, or a hash of one, is nobody else's wherever it stands. An id of the application's own
may be as short as "7": then it is looked for only in what is the person's alone, and as a whole
value.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

from tracker.persons import is_opaque
from tracker.urls.naming import is_url
from tracker.urls.reader_id import Identifier

ERASED = "erased"
"""Stands in the place of what was found; cut where it would be longer."""

TELLING_CHARACTERS, TELLING_DIGITS = 6, 9
"""An id this long is taken for nobody else's: of letters and digits, or of digits alone."""

_NEVER = re.compile(r"(?!)")
_ENCODED = r"(?<=%[0-9A-Fa-f]{2})"
_Around = tuple[str, str]
"""What stands before a name, and after it."""
_ADDRESS = (rf"(?i:(?:(?<![\w.+-])|{_ENCODED})", r"(?![^\W_]|[-.][^\W_]))")
_ID = (rf"(?:(?<![\w-])|{_ENCODED})", r"(?![\w-])")
_VALUE = (r"(?<=[=/])", r"(?=[&;#/?]|\Z)")
_WORD = (r"(?<![\w.,%+-])", r"(?![\w%+-]|[.,]\w)")
_FIELD = (r'(?<="person":")', r'(?=")')


@dataclass(frozen=True, slots=True)
class PersonPatterns:
    """Patterns of what tells of a person `anywhere`, and of ids that are too short for that.

    The latter are looked for as the value of a URL, as a word of a name, and as the field of a
    record.
    """

    anywhere: re.Pattern[str]
    value: re.Pattern[str]
    word: re.Pattern[str]
    field: re.Pattern[str]

    @classmethod
    def of(cls, names: Collection[str], identifier: Identifier) -> Self:
        """Return patterns of all names that somebody is known by, and of the hashes of these."""
        addresses = [name for name in names if not is_opaque(name)]
        ids = [name for name in names if is_opaque(name)]
        telling = [name for name in ids if _tells(name)]
        others = [name for name in ids if not _tells(name)]
        hashes = [re.escape(identifier.hashed(name)) for name in names]
        anywhere = [*_any(_ADDRESS, addresses), *_any(_ID, telling), *hashes]
        return cls(
            re.compile("|".join(anywhere)) if anywhere else _NEVER,
            *(
                re.compile("".join(_any(around, others))) if others else _NEVER
                for around in (_VALUE, _WORD, _FIELD)
            ),
        )

    def without(self, text: str, *, theirs: bool = False) -> str:
        """Return a URL or a name without them, never longer; `theirs` where nobody else has it."""
        text = self.anywhere.sub(_instead, text)
        if not theirs:
            return text
        own = self.value if is_url(text) else self.word
        return own.sub(_instead, text)

    def masked(self, octets: bytes) -> bytes:
        """Return octets that nobody can read as a record, with each of them crossed out."""
        text = octets.decode("utf-8", "surrogateescape")
        for pattern in (self.anywhere, self.field):
            text = pattern.sub(lambda found: "x" * len(_octets(found[0])), text)
        return _octets(text)


def _tells(name: str) -> bool:
    """Return whether an id is long enough to mean nothing else wherever it stands."""
    if not any(map(str.isdigit, name)):
        return False
    return len(name) >= (TELLING_DIGITS if name.isdigit() else TELLING_CHARACTERS)


def _any(around: _Around, names: Iterable[str]) -> list[str]:
    """Return a pattern of any of these names; none for none."""
    before, after = around
    written = "|".join(map(_written, names))
    return [f"{before}(?:{written}){after}"] if written else []


def _written(name: str) -> str:
    """Return a pattern of a name in which any character may be percent-encoded."""
    return "".join(map(_character, name))


def _character(character: str) -> str:
    encoded = "".join(f"%{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
    return f"(?:{re.escape(character)}|(?i:{encoded}))"


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _instead(found: re.Match[str]) -> str:
    return ERASED[: len(found[0])]
