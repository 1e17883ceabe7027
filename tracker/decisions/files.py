"""The files of decisions beside the store: links withdrawn or repaired, and consents.

Owns: what the files are called, that links live where nothing can be read (P8) and that nobody is
tracked then who opted out, and writing a consent down.
Does not own: what becomes of such files (`tracker.records.record_file`), what a decision makes of a
link (`overrides`), or what a consent allows (`consents`).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from config.telemetry import observe
from tracker.decisions.consents import NAMELESS_PREFIX, Consent, ConsentRecord, Consents
from tracker.decisions.overrides import Decision, Overrides
from tracker.records.live import LiveRecords
from tracker.records.record_file import RecordFile


def _erased(lines: Iterable[ConsentRecord]) -> Collection[ConsentRecord]:
    """Give the lines for which there is a nameless one."""
    made = tuple(lines)
    nameless = {each for each in made if each.person.startswith(NAMELESS_PREFIX)}
    salts = {salt for each in nameless if (salt := each.salt)}
    times = {each.at for each in nameless}
    return {
        each
        for each in made
        if each.at in times and any(each.nameless(salt) in nameless for salt in salts)
    }


CONSENTS = RecordFile(
    name="consents",
    adapter=TypeAdapter(ConsentRecord),
    summed=Consents.summed,
    upkeep=observe.CONSENTS,
    in_force=observe.CONSENTS_IN_FORCE,
    fails_open=False,
    erased=_erased,
)

ConsentsInForce = LiveRecords[ConsentRecord, Consents]

DECISIONS = RecordFile(
    name="overrides",
    adapter=TypeAdapter(Decision),
    summed=Overrides.of,
    upkeep=observe.OVERRIDES,
    in_force=observe.OVERRIDES_IN_FORCE,
    fails_open=True,
    is_sound=lambda made: made.makes_sense,
)


def record(store: Path, person: str, consent: Consent) -> ConsentRecord:
    """Write down durably what a person agreed to now; raises OSError."""
    # To the microsecond, as it is by its words that a line is known to be the same.
    given = ConsentRecord(datetime.now(UTC).isoformat(timespec="microseconds"), person, consent)
    CONSENTS.append(store, given)
    return given
