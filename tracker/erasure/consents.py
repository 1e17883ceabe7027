"""Forgetting a person: what they agreed to stays in force, under a hash."""

import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.persons import consent_key
from tracker.records import jsonl
from tracker.records.jsonl import RawLine


def forget(store: Path, names: Iterable[str]) -> int:
    """Leave of these persons only a hash, in file and copy; gives how many lines went.

    A damaged line with one of the names goes as well, for nobody can read it. Raises OSError.
    """
    file, wanted = CONSENTS.file_of(store), {consent_key(name) for name in names}
    known = CONSENTS.known(store).made
    salt = next(iter(Consents.summed(known).salts), None) or secrets.token_hex(16)
    theirs = [each for each in known if consent_key(each.person) in wanted]
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


def _is_of(line: RawLine[ConsentRecord], keys: Collection[str]) -> bool:
    """Say whether a line is about one of these persons."""
    if line.record is not None:
        return consent_key(line.record.person) in keys
    text = line.octets.decode("utf-8", "replace").lower()
    return any((key if "@" in key else f'"{key}"') in text for key in keys)
