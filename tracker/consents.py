"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, and what the lines of a file beside the store make of a person.
Does not own: that file's form (`ledger`), what a message's own header says
(`proxy.policy.switches`), what follows for a message (`proxy.job`).

The file holds one decision a line, as JSON, and is only ever appended to; the last about a person
counts. It does not depend on the database. A damaged line is passed over and logged.
"""

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
    """The last word about each person. `damaged` counts the lines that could not be read."""

    given: dict[str, Given] = field(default_factory=dict)
    damaged: int = 0

    def of(self, *names: str | None) -> Consent:
        """Give the level for a person known by these names; full for one who never said."""
        found = (self.given.get(_key(name)) for name in names if name)
        return strictest(*(each.consent for each in found if each is not None))


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
            consents.given[_key(given.person)] = given
    if consents.damaged:
        observe.log(observe.CONSENTS_UNREADABLE, path=str(path), lines=consents.damaged)
    return consents


def record(path: Path, person: str, consent: Consent) -> Given:
    """Write down durably what a person agreed to now; raises OSError."""
    given = Given(datetime.now(UTC).isoformat(timespec="seconds"), person, consent)
    ledger.append(path, _ADAPTER, given)
    return given
