"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, and what the lines of a file beside the store make of a person.
Does not own: that file's form (`ledger`), what a message's own header says
(`proxy.policy.switches`), what follows for a message (`proxy.job`).

The file holds one decision a line, as JSON, and is only ever appended to; the last about a person
counts. It does not depend on the database. A damaged line is passed over and logged.

What a person said outlives the person: who is forgotten stays in the file as a salted hash, so that
an opt-out holds for mail to come.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from config import observe
from tracker import ledger


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


_ADAPTER = TypeAdapter(Given)


@dataclass(slots=True)
class Consents:
    """The last word about each person. `damaged` counts the lines that could not be read.

    `salts` are those of persons who were forgotten.
    """

    given: dict[str, Given] = field(default_factory=dict)
    salts: set[str] = field(default_factory=set)
    damaged: int = 0

    def of(self, *names: str | None) -> Consent:
        """Give the level for a person known by these names; full for one who never said."""
        found = (self._given(_key(name)) for name in names if name)
        return strictest(*(each.consent for each in found if each is not None))

    def _given(self, key: str) -> Given | None:
        """Give the last word; what was said since the person was forgotten goes first."""
        if key in self.given:
            return self.given[key]
        forgotten = (self.given.get(_tombstone(salt, key)) for salt in self.salts)
        return next((each for each in forgotten if each is not None), None)

    def add(self, given: Given) -> None:
        """Take in a line that follows all others."""
        self.given[_key(given.person)] = given
        if match := _TOMBSTONE.fullmatch(given.person):
            self.salts.add(match[1])


_TOMBSTONE = re.compile(r"erased:([0-9a-f]{32}):[0-9a-f]{64}")


def _tombstone(salt: str, key: str) -> str:
    octets = f"{salt}{key}".encode("utf-8", "surrogatepass")
    return f"erased:{salt}:{hashlib.sha256(octets).hexdigest()}"


def _key(person: str) -> str:
    # Nobody's opt-out may fail on a capital letter.
    return person.strip().lower()


def file_of(store: Path) -> Path:
    """Give the file of the store at `store`."""
    return store.with_name(f"{store.name}.consents")


def load(path: Path) -> Consents:
    """Read the file, nothing where there is none; raises OSError."""
    consents = Consents()
    for given in ledger.read(path, _ADAPTER):
        if given is None:
            consents.damaged += 1
        else:
            consents.add(given)
    if consents.damaged:
        observe.log(observe.CONSENTS_UNREADABLE, path=str(path), lines=consents.damaged)
    return consents


def record(path: Path, person: str, consent: Consent) -> Given:
    """Write down durably what a person agreed to now; raises OSError."""
    given = Given(datetime.now(UTC).isoformat(timespec="seconds"), person, consent)
    ledger.append(path, _ADAPTER, given)
    return given


def forget(path: Path, names: Iterable[str]) -> int:
    """Leave of these persons only a hash of each who said something; gives how many lines went.

    A damaged line with one of the names goes as well, for nobody can read it. Raises OSError.
    """
    if not path.exists():
        return 0
    known = load(path)
    wanted = {_key(name) for name in names}
    keys = wanted & set(known.given)
    salt = next(iter(known.salts), None) or secrets.token_hex(16)
    for key in keys:
        given = known.given[key]
        ledger.append(path, _ADAPTER, Given(given.at, _tombstone(salt, key), given.consent))
    return ledger.blank(
        path,
        _ADAPTER,
        lambda each: _key(each.person) in keys,
        lambda line: _names_one_of(line, wanted),
    )


def _names_one_of(line: bytes, keys: Iterable[str]) -> bool:
    text = line.decode("utf-8", "replace").lower()
    return any((key if "@" in key else f'"{key}"') in text for key in keys)
