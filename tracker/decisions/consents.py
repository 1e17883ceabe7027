"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, what the lines of a file beside the store make of a person, and forgetting one.
Does not own: what becomes of that file (`chronicle`), what a message's own header says
(`proxy.policy.switches`), what follows for a message (`proxy.rewrite.render`).

The file holds what one person said a line; the last about a person counts. It does not depend on the
database.

What a person said outlives the person: for each line of one who is forgotten stands another, which
has a salted hash instead of the name. So an opt-out holds for mail to come, and whoever still has the
line itself, in memory or in a copy, knows that it is gone.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from config.telemetry import observe
from tracker.records import jsonl
from tracker.records.jsonl import Line
from tracker.records.record_file import Chronicle


class Consent(StrEnum):
    """What the person agreed to, the strictest first."""

    NONE = "none"
    ANONYMOUS = "anonymous"
    FULL = "full"


def strictest(*levels: Consent) -> Consent:
    """Give the one that allows least; full where there is none."""
    return min((*levels, Consent.FULL), key=list(Consent).index)


@dataclass(frozen=True, slots=True)
class Given:
    """One line of the file: who (an address, or the application's own id) agreed to what, when."""

    at: str
    person: str
    consent: Consent

    @property
    def salt(self) -> str | None:
        """Give the salt of one who was forgotten."""
        match = _NAMELESS.fullmatch(self.person) if self.person.startswith(_PREFIX) else None
        return match and match[1]

    def nameless(self, salt: str) -> "Given":
        """Give the line that stands for this one when its person is forgotten."""
        return replace(self, person=_hashed(salt, _key(self.person)))


@dataclass(slots=True)
class Consents:
    """The last word about each person. `salts` are those of persons who were forgotten."""

    given: dict[str, Given] = field(default_factory=dict)
    salts: set[str] = field(default_factory=set)

    @classmethod
    def summed(cls, made: Iterable[Given]) -> Self:
        """Sum up what was said, the oldest first."""
        consents = cls()
        for each in made:
            consents.given[_key(each.person)] = each
            if salt := each.salt:
                consents.salts.add(salt)
        return consents

    @property
    def in_force(self) -> int:
        """How many persons agreed to less than everything."""
        return sum(each.consent is not Consent.FULL for each in self.given.values())

    def of(self, *names: str | None) -> Consent:
        """Give the level for a person known by these names; full for one who never said."""
        found = (self._given(_key(name)) for name in names if name)
        return strictest(*(each.consent for each in found if each is not None))

    def _given(self, key: str) -> Given | None:
        """Give the last word; what was said since the person was forgotten goes first."""
        if key in self.given:
            return self.given[key]
        forgotten = (self.given.get(_hashed(salt, key)) for salt in self.salts)
        said = (each for each in forgotten if each is not None)
        return max(said, key=lambda each: each.at, default=None)


_PREFIX = "erased:"
_NAMELESS = re.compile(rf"{_PREFIX}([0-9a-f]{{32}}):[0-9a-f]{{64}}")


def _hashed(salt: str, key: str) -> str:
    octets = f"{salt}{key}".encode("utf-8", "surrogatepass")
    return f"{_PREFIX}{salt}:{hashlib.sha256(octets).hexdigest()}"


def _key(person: str) -> str:
    # Nobody's opt-out may fail on a capital letter.
    return person.strip().lower()


def _erased(lines: Iterable[Given]) -> Collection[Given]:
    """Give the lines for which there is a nameless one."""
    made = tuple(lines)
    nameless = {each for each in made if each.person.startswith(_PREFIX)}
    salts = {salt for each in nameless if (salt := each.salt)}
    times = {each.at for each in nameless}
    return {
        each
        for each in made
        if each.at in times and any(each.nameless(salt) in nameless for salt in salts)
    }


CONSENTS = Chronicle(
    name="consents",
    adapter=TypeAdapter(Given),
    summed=Consents.summed,
    upkeep=observe.CONSENTS,
    in_force=observe.CONSENTS_IN_FORCE,
    fails_open=False,
    erased=_erased,
)


def record(store: Path, person: str, consent: Consent) -> Given:
    """Write down durably what a person agreed to now; raises OSError."""
    # To the microsecond, as it is by its words that a line is known to be the same.
    given = Given(datetime.now(UTC).isoformat(timespec="microseconds"), person, consent)
    CONSENTS.append(store, given)
    return given


def forget(store: Path, names: Iterable[str]) -> int:
    """Leave of these persons only a hash, in file and copy; gives how many lines went.

    A damaged line with one of the names goes as well, for nobody can read it. Raises OSError.
    """
    file, wanted = CONSENTS.file_of(store), {_key(name) for name in names}
    known = CONSENTS.known(store).made
    salt = next(iter(Consents.summed(known).salts), None) or secrets.token_hex(16)
    theirs = [each for each in known if _key(each.person) in wanted]
    went = 0
    if theirs or file.exists():
        gone = jsonl.supersede(
            file,
            CONSENTS.adapter,
            goes=lambda line: _is_of(line, wanted),
            instead=lambda given: given.nameless(salt),
            also=[each.nameless(salt) for each in theirs],
        )
        said = {line.record for line in gone}
        went = len(gone) + sum(each not in said for each in theirs)
    if store.parent.is_dir():
        CONSENTS.remember(store, CONSENTS.known(store).made)
    return went


def _is_of(line: Line[Given], keys: Collection[str]) -> bool:
    """Say whether a line is about one of these persons."""
    if line.record is not None:
        return _key(line.record.person) in keys
    text = line.octets.decode("utf-8", "replace").lower()
    return any((key if "@" in key else f'"{key}"') in text for key in keys)
