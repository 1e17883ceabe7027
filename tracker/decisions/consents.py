"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, what the lines of a file beside the store make of a person, and forgetting one.
Does not own: what becomes of that file (`tracker.records.record_file`), what a message's own header says
(`proxy.policy.switches`), what follows for a message (`proxy.rewrite.render`).

The file holds what one person said a line; the last about a person counts. It does not depend on the
database.

What a person said outlives the person: for each line of one who is forgotten stands another, which
has a salted hash instead of the name. So an opt-out holds for mail to come, and whoever still has the
line itself, in memory or in a copy, knows that it is gone.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from tracker.persons import consent_key


class Consent(StrEnum):
    """What the person agreed to, the strictest first."""

    NONE = "none"
    ANONYMOUS = "anonymous"
    FULL = "full"


def strictest(*levels: Consent) -> Consent:
    """Give the one that allows least; full where there is none."""
    return min((*levels, Consent.FULL), key=list(Consent).index)


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One line of the file: who (an address, or the application's own id) agreed to what, when."""

    at: str
    person: str
    consent: Consent

    @property
    def salt(self) -> str | None:
        """Give the salt of one who was forgotten."""
        match = (
            _NAMELESS.fullmatch(self.person) if self.person.startswith(NAMELESS_PREFIX) else None
        )
        return match and match[1]

    def nameless(self, salt: str) -> "ConsentRecord":
        """Give the line that stands for this one when its person is forgotten."""
        return replace(self, person=_hashed(salt, consent_key(self.person)))


@dataclass(slots=True)
class Consents:
    """The last word about each person. `salts` are those of persons who were forgotten."""

    given: dict[str, ConsentRecord] = field(default_factory=dict)
    salts: set[str] = field(default_factory=set)

    @classmethod
    def summed(cls, made: Iterable[ConsentRecord]) -> Self:
        """Sum up what was said, the oldest first."""
        consents = cls()
        for each in made:
            consents.given[consent_key(each.person)] = each
            if salt := each.salt:
                consents.salts.add(salt)
        return consents

    @property
    def in_force(self) -> int:
        """How many persons agreed to less than everything."""
        return sum(each.consent is not Consent.FULL for each in self.given.values())

    def of(self, *names: str | None) -> Consent:
        """Give the level for a person known by these names; full for one who never said."""
        found = (self._given(consent_key(name)) for name in names if name)
        return strictest(*(each.consent for each in found if each is not None))

    def _given(self, key: str) -> ConsentRecord | None:
        """Give the last word; what was said since the person was forgotten goes first."""
        if key in self.given:
            return self.given[key]
        forgotten = (self.given.get(_hashed(salt, key)) for salt in self.salts)
        said = (each for each in forgotten if each is not None)
        return max(said, key=lambda each: each.at, default=None)


NAMELESS_PREFIX = "erased:"
_NAMELESS = re.compile(rf"{NAMELESS_PREFIX}([0-9a-f]{{32}}):[0-9a-f]{{64}}")


def _hashed(salt: str, key: str) -> str:
    octets = f"{salt}{key}".encode("utf-8", "surrogatepass")
    return f"{NAMELESS_PREFIX}{salt}:{hashlib.sha256(octets).hexdigest()}"
