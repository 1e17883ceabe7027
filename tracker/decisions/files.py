"""The record files beside the store: links withdrawn or repaired, consents, and who was forgotten.

Owns: what the files are called, that links live where nothing can be read (P8) and that nobody is
tracked then who may have opted out, which consents are erased, and writing one down.
Does not own: what becomes of such files (`tracker.records.record_file`), what a decision makes of a
link (`overrides`), what a consent allows (`consents`), or who was forgotten (`forgotten`).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from pydantic import TypeAdapter

from config.schema import StateFile
from config.telemetry import observe
from tracker.decisions.consents import Consent, ConsentRecord, Consents
from tracker.decisions.forgotten import Forgotten, ForgottenRecord, records_of
from tracker.decisions.overrides import Decision, Overrides
from tracker.records.live import LiveRecords
from tracker.records.record_file import Merged, RecordFile


def _erased(records: Iterable[ConsentRecord]) -> Collection[ConsentRecord]:
    """Return the records in whose place a nameless one stands."""
    given = tuple(records)
    nameless = {each for each in given if each.is_nameless}
    salts = {salt for each in nameless if (salt := each.salt)}
    times = {each.at for each in nameless}
    return {
        each
        for each in given
        if each.at in times and any(each.nameless(salt) in nameless for salt in salts)
    }


CONSENTS = RecordFile(
    name="consents",
    adapter=TypeAdapter(ConsentRecord),
    sum_of=Consents.from_records,
    metrics=observe.CONSENTS,
    in_force=observe.CONSENTS_IN_FORCE,
    fails_open=False,
    erased=_erased,
)
ConsentsInForce = LiveRecords[ConsentRecord, Consents]
"""What a service knows of consents while it runs."""

DECISIONS = RecordFile(
    name="overrides",
    adapter=TypeAdapter(Decision),
    sum_of=Overrides.of,
    metrics=observe.OVERRIDES,
    in_force=observe.OVERRIDES_IN_FORCE,
    fails_open=True,
    is_sound=lambda decision: decision.makes_sense,
)
FORGOTTEN = RecordFile(
    name="forgotten",
    adapter=TypeAdapter(ForgottenRecord),
    sum_of=Forgotten.from_records,
    fails_open=True,
)
"""Only where nodes share a database: a file of SQLite does not go back behind what was erased from it."""
KnownDecisions = Merged[Decision]
"""All decisions that were ever read, and what is to be said of their files."""


def record(state: StateFile, person: str, consent: Consent) -> ConsentRecord:
    """Write down durably what a person agrees to now; raises OSError."""
    # To the microsecond, as equal records are taken for one.
    given = ConsentRecord(datetime.now(UTC).isoformat(timespec="microseconds"), person, consent)
    CONSENTS.append(state, given)
    return given


def forgotten_records(
    state: StateFile, names: Collection[str], *, anew: bool
) -> list[ForgottenRecord]:
    """Return what is to be written down of somebody with these names (see `records_of`); raises OSError."""
    known = Forgotten.from_records(FORGOTTEN.merged(state).records)
    return records_of(names, known, anew=anew)
