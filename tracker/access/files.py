"""The record file of tokens and ended sessions, beside the store.

Owns: what the file is called, that nobody is let in by a token while nothing of it can be read, and
writing records down.
Does not own: what becomes of such files (`tracker.records.record_file`), or what a record says
(`tokens`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import TypeAdapter

from config.schema import StateFile
from config.service import state_owner
from config.telemetry import observe
from tracker.access.access import Scope
from tracker.access.tokens import AccessRecord, Action, Tokens, digest_of, new_token
from tracker.records.live import LiveRecords
from tracker.records.record_file import RecordFile

ACCESS = RecordFile(
    name="access",
    adapter=TypeAdapter(AccessRecord),
    sum_of=Tokens.from_records,
    metrics=observe.ACCESS,
    in_force=observe.ACCESS_IN_FORCE,
    fails_open=False,
    is_sound=lambda record: record.makes_sense,
)
AccessInForce = LiveRecords[AccessRecord, Tokens]
"""What a service knows of tokens while it runs."""


def add(
    state: StateFile, name: str, scopes: Iterable[Scope], expires: datetime | None
) -> tuple[str, AccessRecord]:
    """Make a token, and write down durably what is kept of it; return both. Raises OSError."""
    token = new_token()
    until = "" if expires is None else expires.astimezone(UTC).isoformat()
    kept = _append(state, "add", name, digest_of(token), tuple(dict.fromkeys(scopes)), until)
    return token, kept


def revoke(state: StateFile, token: AccessRecord) -> AccessRecord:
    """Write down durably that a token opens nothing any more, and return that; raises OSError."""
    return _append(state, "revoke", token.name, token.digest)


def end_session(state: StateFile, digest: str) -> None:
    """Write down durably that a session ended; raises OSError."""
    _append(state, "logout", "", digest)


def _append(
    state: StateFile,
    action: Action,
    name: str,
    digest: str,
    scopes: tuple[Scope, ...] = (),
    expires: str = "",
) -> AccessRecord:
    # To the microsecond, as equal records are taken for one.
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    record = AccessRecord(at, state_owner.caller_name(), action, name, digest, scopes, expires)
    ACCESS.append(state, record)
    return record
