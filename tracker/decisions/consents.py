"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, what all records together say of a person, and the record of one who is forgotten.
Does not own: the file of records (`files`, `tracker.records.record_file`), what a message's own
header says (`proxy.policy.headers`), or what follows for a message (`proxy.rewrite.render`).

A record is what one person said; the last one about a person counts. Records do not depend on the
database.

What a person said outlives the person: for each record of one who is forgotten stands another,
which has a salted hash instead of the name. So an opt-out holds for mail to come, and whoever still
has the record itself, in memory or in a copy, knows that it is gone.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from tracker.persons import consent_key

NAMELESS_PREFIX = "erased:"
_NAMELESS = re.compile(rf"{NAMELESS_PREFIX}([0-9a-f]{{32}}):[0-9a-f]{{64}}")


class Consent(StrEnum):
    """What the person agreed to, the strictest first."""

    NONE = "none"
    ANONYMOUS = "anonymous"
    FULL = "full"


_FROM_STRICT_TO_FULL = list(Consent)


def strictest(*levels: Consent) -> Consent:
    """Return the level that allows least; full where there is none."""
    return min((*levels, Consent.FULL), key=_FROM_STRICT_TO_FULL.index)


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One line of the file: who (an address, or the application's own id) agreed to what, when.

    `at` is in ISO 8601. The person of a nameless record, who was forgotten, is a salted hash.
    """

    at: str
    person: str
    consent: Consent

    @property
    def is_nameless(self) -> bool:
        """Return whether its person was forgotten."""
        return self.person.startswith(NAMELESS_PREFIX)

    @property
    def salt(self) -> str | None:
        """The salt of a nameless record, 32 hexadecimal digits."""
        return salt_of(self.person) if self.is_nameless else None

    def nameless(self, salt: str) -> "ConsentRecord":
        """Return the record that stands for this one when its person is forgotten."""
        return replace(self, person=hashed(salt, consent_key(self.person)))


@dataclass(slots=True)
class Consents:
    """The latest record of each person, by `consent_key`; `salts` are those of the forgotten."""

    latest: dict[str, ConsentRecord] = field(default_factory=dict)
    salts: set[str] = field(default_factory=set)

    @classmethod
    def from_records(cls, records: Iterable[ConsentRecord]) -> Self:
        """Return what records come to, which are given oldest first."""
        consents = cls()
        for record in records:
            consents.latest[consent_key(record.person)] = record
            if salt := record.salt:
                consents.salts.add(salt)
        return consents

    @property
    def in_force(self) -> int:
        """How many persons agreed to less than everything."""
        return sum(each.consent is not Consent.FULL for each in self.latest.values())

    def said(self, *names: str | None) -> Consent | None:
        """Return what a person known by these names agreed to, the strictest; None: they never said."""
        records = (self._latest(consent_key(name)) for name in names if name)
        found = [each.consent for each in records if each is not None]
        return strictest(*found) if found else None

    def of(self, *names: str | None, unsaid: Consent = Consent.FULL) -> Consent:
        """Return the level for a person known by these names; `unsaid` for one who never said."""
        return self.said(*names) or unsaid

    def _latest(self, key: str) -> ConsentRecord | None:
        """Return the latest record; one from after the person was forgotten counts first."""
        if key in self.latest:
            return self.latest[key]
        nameless = (self.latest.get(hashed(salt, key)) for salt in self.salts)
        found = (each for each in nameless if each is not None)
        return max(found, key=lambda each: each.at, default=None)


def salt_of(person: str) -> str | None:
    """Return the salt of somebody who is a salted hash, 32 hexadecimal digits."""
    match = _NAMELESS.fullmatch(person)
    return match and match[1]


def hashed(salt: str, key: str) -> str:
    """Return what stands for somebody who was forgotten; `key` is their `consent_key`."""
    octets = f"{salt}{key}".encode("utf-8", "surrogatepass")
    return f"{NAMELESS_PREFIX}{salt}:{hashlib.sha256(octets).hexdigest()}"
