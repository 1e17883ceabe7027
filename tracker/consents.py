"""What persons agreed to: everything, totals without a person, or no tracking at all.

Owns: the levels, and the file beside the store that keeps who agreed to what.
Does not own: what a message's own header says (`proxy.policy.switches`), what follows for a message
(`proxy.job`), noticing that the file changed (`watch`).

The file holds one decision a line, as JSON, and is only ever appended to; the last about a person
counts. It does not depend on the database. A damaged line is passed over and logged.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from config import observe
from tracker.segments import inherit_owner, sync_directory


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
    for given in _lines(path):
        if given is None:
            consents.damaged += 1
        else:
            consents.given[_key(given.person)] = given
    if consents.damaged:
        observe.log(observe.CONSENTS_UNREADABLE, path=str(path), lines=consents.damaged)
    return consents


def _lines(path: Path) -> Iterator[Given | None]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield _ADAPTER.validate_json(line)
        except ValidationError:
            yield None


def record(path: Path, person: str, consent: Consent) -> Given:
    """Write down durably what a person agreed to now; raises OSError."""
    given = Given(datetime.now(UTC).isoformat(timespec="seconds"), person, consent)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        inherit_owner(path)
        file.write(_gap(descriptor) + _ADAPTER.dump_json(given) + b"\n")
        file.flush()
        os.fsync(descriptor)
    sync_directory(path.parent)
    return given


def _gap(descriptor: int) -> bytes:
    """Give what ends a line that was torn, so that the next one stands alone."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""
