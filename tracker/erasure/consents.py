"""Forgetting a person in the file of consents: what they agreed to stays in force, under a hash.

Owns: which lines of file, copy and what other nodes said go, and that a nameless record stands for each.
Does not own: what such a record is (`tracker.decisions.consents`), or how a line is replaced
(`tracker.records.record_file`).
"""

import secrets
from collections.abc import Collection, Iterable

from config.schema import StateFile
from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.persons import consent_key, written_alike
from tracker.records.numbered_file import blank


def forget(state: StateFile, names: Iterable[str]) -> int:
    """Leave of these persons only a hash, in the files of a machine; return how many lines went.

    A damaged line with one of the names goes as well, for nobody can read it. Raises OSError.
    """
    file, wanted = CONSENTS.file_of(state), {consent_key(name) for name in names}
    records = CONSENTS.merged(state).records
    salt = next(iter(Consents.from_records(records).salts), None) or secrets.token_hex(16)
    theirs = [each for each in records if consent_key(each.person) in wanted]
    went = 0
    if theirs or file.exists():
        gone = CONSENTS.supersede(
            state,
            goes=lambda line: _is_of(line.record, line.octets, wanted),
            instead=lambda record: record.nameless(salt),
            also=[each.nameless(salt) for each in theirs],
        )
        said = {line.record for line in gone}
        went = len(gone) + sum(each not in said for each in theirs)
    blank(CONSENTS.shared_of(state), lambda line: _is_of(_record(line), line, wanted))
    if file.parent.is_dir():
        CONSENTS.remember(state, CONSENTS.merged(state).records)
    return went


def is_of(line: bytes, names: Iterable[str]) -> bool:
    """Return whether a line of consents, in file or log, is about one of these persons."""
    return _is_of(_record(line), line, {consent_key(name) for name in names})


def _record(line: bytes) -> ConsentRecord | None:
    return next(iter(CONSENTS.parse(line).records), None)


def _is_of(record: ConsentRecord | None, line: bytes, keys: Collection[str]) -> bool:
    """Return whether a line is about one of these persons; `record` is None if it is damaged."""
    if record is not None:
        return consent_key(record.person) in keys
    text = written_alike(line.decode("utf-8", "replace"))
    return any((key if "@" in key else f'"{key}"') in text for key in keys)
