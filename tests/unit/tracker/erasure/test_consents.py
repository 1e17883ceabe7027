"""What a person agreed to outlives the person, without the name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.telemetry.observe import REGISTRY
from tests.support.checks.losses import damage, delete, empty
from tests.support.consents import ANN, BOB, known, started, traces
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.decisions.files import CONSENTS
from tracker.erasure import consents
from tracker.records import jsonl, record_file


def test_an_opt_out_outlives_the_person(store: Path, file: Path) -> None:
    """As a hash, until they say something else."""
    assert consents.forget(beside(store), [ANN]) == 0
    assert not file.exists()
    for who, level in ((ANN, Consent.FULL), (ANN, Consent.NONE), (BOB, Consent.NONE)):
        files.record(beside(store), who, level)
    assert consents.forget(beside(store), [ANN, "4711"]) == 2
    assert consents.forget(beside(store), [ANN, "4711"]) == 0
    text = file.read_text()
    assert ("ann" in text, "bob" in text) == (False, True)
    assert (known(store).of("Ann@example.net"), known(store).of("c@x.net")) == (
        Consent.NONE, Consent.FULL,
    )  # fmt: skip
    assert CONSENTS.merged(beside(store)).damaged == 0
    files.record(beside(store), ANN, Consent.ANONYMOUS)
    assert known(store).of(ANN) is Consent.ANONYMOUS


def test_what_was_said_when_stays_without_the_name(store: Path) -> None:
    """For each line stands another, in the same order."""
    said = [files.record(beside(store), ANN, each) for each in (Consent.NONE, Consent.FULL)]
    consents.forget(beside(store), [ANN])
    kept = CONSENTS.merged(beside(store)).records
    assert [(each.at, each.consent) for each in kept] == [(each.at, each.consent) for each in said]
    assert len({each.person for each in kept}) == 1
    assert all(each.salt for each in kept)


def test_damaged_lines_that_name_them_go_as_well(store: Path, file: Path) -> None:
    """Nobody can read them; an id counts only as a whole."""
    files.record(beside(store), BOB, Consent.NONE)
    with file.open("ab") as damaged:
        damaged.write(b'{"person":"Ann@example.net","cons\n{"person":"47110","cons\n')
    assert consents.forget(beside(store), [ANN, "4711"]) == 1
    assert (b"Ann" in file.read_bytes(), b"47110" in file.read_bytes()) == (False, True)


@pytest.mark.parametrize(
    "lose", [lambda _: None, delete, empty, damage], ids=["whole", "deleted", "emptied", "damaged"]
)
def test_nothing_brings_back_who_was_forgotten(
    store: Path, file: Path, lose: Callable[[Path], None]
) -> None:
    """Not the memory of two services, not the copy, nor a file that was lost before or after."""
    for who, level in ((ANN, Consent.FULL), (BOB, Consent.NONE), (ANN, Consent.NONE)):
        files.record(beside(store), who, level)
    services = [started(store), started(store)]
    lose(file)
    assert consents.forget(beside(store), [ANN]) >= 2
    assert traces(store) == []
    if file.exists():
        lose(file)
    for _ in range(2):
        for service in services:
            service.refresh()
    assert traces(store) == []
    for service in (*services, started(store)):
        assert (service().of(ANN), service().of(BOB)) == (Consent.NONE, Consent.NONE)
        assert ANN not in service().latest
    files.record(beside(store), ANN, Consent.ANONYMOUS)
    for service in services:
        service.refresh()
        assert service().of(ANN) is Consent.ANONYMOUS


def test_a_service_that_wakes_late_brings_nobody_back(store: Path, file: Path) -> None:
    """It knows only its memory, and the file that says who was forgotten is lost by then."""
    files.record(beside(store), ANN, Consent.NONE)
    late = started(store)
    consents.forget(beside(store), [ANN])
    file.unlink()
    late.refresh()
    assert traces(store) == []
    assert late().of(ANN) is Consent.NONE


def test_a_backup_that_names_them_is_not_believed(store: Path, file: Path) -> None:
    """Who was forgotten stays so in memory and copy; to erase the backup, forget them again."""
    files.record(beside(store), ANN, Consent.FULL)
    backup = file.read_bytes()
    files.record(beside(store), ANN, Consent.NONE)
    service = started(store)
    consents.forget(beside(store), [ANN])
    file.write_bytes(backup)
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [file.name])
    assert REGISTRY.get_sample_value("waypost_consents_lost") == 2
    assert consents.forget(beside(store), [ANN]) == 1
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [])


def full(*_: object, **__: object) -> None:
    """Be a full disk."""
    raise OSError(28, "No space left on device")


def test_forgetting_that_broke_off_is_completed(
    store: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever is running, or by another run."""
    files.record(beside(store), ANN, Consent.NONE)
    service = started(store)
    with monkeypatch.context() as patched:
        patched.setattr(record_file, "write_secret", full)
        with pytest.raises(OSError, match="No space"):
            consents.forget(beside(store), [ANN])
    assert traces(store) == [CONSENTS.copy_of(beside(store)).name]
    assert consents.forget(beside(store), [ANN]) == 0
    assert traces(store) == []
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [])


def test_what_is_said_while_somebody_is_forgotten_is_not_lost(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that comes between reading and erasing is erased as the others are."""
    files.record(beside(store), ANN, Consent.FULL)
    supersede = jsonl.supersede

    def late(*args: object, **kwargs: object) -> object:
        files.record(beside(store), ANN, Consent.NONE)
        return supersede(*args, **kwargs)

    monkeypatch.setattr(jsonl, "supersede", late)
    assert consents.forget(beside(store), [ANN]) == 2
    assert (known(store).of(ANN), traces(store)) == (Consent.NONE, [])
