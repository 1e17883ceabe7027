"""Who was forgotten where nodes share a database, by salted hashes: so that a database which has them again can be rid of them.

Owns: the record that is left of somebody who was forgotten, and telling by them whom a database should not know.
Does not own: the file of records (`files`), erasing (`tracker.erasure`), or what they agreed to (`consents`).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from tracker.decisions.consents import hashed, salt_of
from tracker.persons import consent_key


@dataclass(frozen=True, slots=True)
class ForgottenRecord:
    """One line of the file: a name of somebody, as a salted hash, and when they were forgotten (ISO 8601)."""

    at: str
    person: str


@dataclass(slots=True)
class Forgotten:
    """All who were ever forgotten."""

    persons: set[str] = field(default_factory=set)
    salts: set[str] = field(default_factory=set)

    @classmethod
    def from_records(cls, records: Iterable[ForgottenRecord]) -> Self:
        """Return whom records tell of."""
        persons = {each.person for each in records}
        return cls(persons, {salt for each in persons if (salt := salt_of(each))})

    @property
    def in_force(self) -> int:
        """How many names they had."""
        return len(self.persons)

    def among(self, names: Iterable[str]) -> set[str]:
        """Return the names of those who were forgotten."""
        return {name for name in names if self._has(consent_key(name))}

    def _has(self, key: str) -> bool:
        return any(hashed(salt, key) in self.persons for salt in self.salts)


def records_of(
    names: Iterable[str], known: Forgotten, *, anew: bool = False
) -> list[ForgottenRecord]:
    """Return what is to be written down of somebody with these names; nothing of those that are `known`.

    `anew`: of those as well, who came back, and are forgotten another time.
    """
    salt = next(iter(known.salts), None) or secrets.token_hex(16)
    # To the microsecond, as equal records are taken for one.
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    of = set(names) if anew else set(names) - known.among(names)
    keys = {consent_key(name) for name in of}
    return [ForgottenRecord(at, hashed(salt, key)) for key in sorted(keys)]
