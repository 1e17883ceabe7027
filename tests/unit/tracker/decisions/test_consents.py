"""What persons agreed to, in a file that outlives everything else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.telemetry.observe import REGISTRY
from tests.support.checks.losses import damage, delete, empty, put_back
from tracker.decisions import files
from tracker.decisions.consents import Consent, ConsentRecord, Consents, strictest
from tracker.decisions.files import CONSENTS
from tracker.erasure import consents
from tracker.records import record_file
from tracker.records.live import LiveRecords

ANN, BOB = "ann@example.net", "bob@example.net"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


@pytest.fixture
def file(store: Path) -> Path:
    """Give its file of consents."""
    return CONSENTS.file_of(store)


def known(store: Path) -> Consents:
    """Give what a command is told."""
    return Consents.from_records(CONSENTS.merged(store).records)


def started(store: Path) -> LiveRecords[ConsentRecord, Consents]:
    """Start a service on the store."""
    agreed = LiveRecords(CONSENTS, store)
    agreed.refresh()
    return agreed


def test_the_last_word_counts(store: Path) -> None:
    """Names are compared without case."""
    files.record(store, "Reader@Example.org", Consent.NONE)
    files.record(store, "other@example.org", Consent.ANONYMOUS)
    before = known(store)
    assert before.of("reader@example.ORG ") is Consent.NONE
    files.record(store, "reader@example.org", Consent.FULL)
    assert known(store).of("Reader@Example.org") is Consent.FULL
    assert before.of("nobody@example.org", None) is Consent.FULL


def test_of_several_names_the_strictest_counts(store: Path) -> None:
    """A person may be known by an address and by an id."""
    files.record(store, "4711", Consent.ANONYMOUS)
    assert known(store).of("reader@example.org", "4711") is Consent.ANONYMOUS
    assert strictest(Consent.FULL, Consent.NONE, Consent.ANONYMOUS) is Consent.NONE


def test_where_there_is_no_file_nobody_said_anything(store: Path) -> None:
    """That is no error."""
    assert known(store).latest == {}
    assert started(store)().of(ANN) is Consent.FULL


def test_only_the_owner_can_read_what_persons_said(store: Path) -> None:
    """It says who reads our mail."""
    files.record(store, ANN, Consent.NONE)
    started(store)
    for path in (CONSENTS.file_of(store), CONSENTS.copy_of(store)):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_word_within_a_second_is_another(store: Path) -> None:
    """Where the file was lost between, the second one is not taken for the first."""
    for level in (Consent.NONE, Consent.FULL):
        files.record(store, ANN, level)
    agreed = started(store)
    CONSENTS.file_of(store).unlink()
    files.record(store, ANN, Consent.NONE)
    agreed.refresh()
    assert agreed().of(ANN) is Consent.NONE


@pytest.mark.parametrize("lose", [delete, empty, damage, put_back], ids=lambda lose: lose.__name__)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_lost_file_tracks_nobody(
    store: Path, lose: Callable[[Path], None], *, restarted: bool
) -> None:
    """Who opted out stays so; what is said then comes on top."""
    for level in (Consent.FULL, Consent.NONE):
        files.record(store, ANN, level)
    files.record(store, BOB, Consent.ANONYMOUS)
    agreed = started(store)
    lose(CONSENTS.file_of(store))
    if restarted:
        agreed = started(store)
    agreed.refresh()
    lost = 2 if lose is put_back else 3
    assert (agreed().of(ANN), agreed().of(BOB)) == (Consent.NONE, Consent.ANONYMOUS)
    assert REGISTRY.get_sample_value("waypost_consents_in_force") == 2
    assert REGISTRY.get_sample_value("waypost_consents_lost") == lost
    files.record(store, BOB, Consent.FULL)
    agreed.refresh()
    for now in (agreed(), started(store)(), known(store)):
        assert (now.of(ANN), now.of(BOB)) == (Consent.NONE, Consent.FULL)


def test_where_nothing_can_be_read_nobody_guesses(store: Path, file: Path) -> None:
    """Neither file nor copy: whoever asks hears why, until one of them can be read."""
    file.mkdir()
    agreed = started(store)
    with pytest.raises(IsADirectoryError):
        agreed()
    file.rmdir()
    agreed.refresh()
    assert agreed().of(ANN) is Consent.FULL
    CONSENTS.copy_of(store).mkdir()
    with pytest.raises(IsADirectoryError):
        started(store)()


def test_a_copy_does_where_the_file_cannot_be_read(store: Path, file: Path) -> None:
    """It has all that was read in the file."""
    files.record(store, ANN, Consent.NONE)
    started(store)
    file.unlink()
    file.mkdir()
    assert started(store)().of(ANN) is Consent.NONE


# --- who is forgotten


def test_an_opt_out_outlives_the_person(store: Path, file: Path) -> None:
    """As a hash, until they say something else."""
    assert consents.forget(store, [ANN]) == 0
    assert not file.exists()
    for who, level in ((ANN, Consent.FULL), (ANN, Consent.NONE), (BOB, Consent.NONE)):
        files.record(store, who, level)
    assert consents.forget(store, [ANN, "4711"]) == 2
    assert consents.forget(store, [ANN, "4711"]) == 0
    text = file.read_text()
    assert ("ann" in text, "bob" in text) == (False, True)
    assert (known(store).of("Ann@example.net"), known(store).of("c@x.net")) == (
        Consent.NONE, Consent.FULL,
    )  # fmt: skip
    assert CONSENTS.merged(store).damaged == 0
    files.record(store, ANN, Consent.ANONYMOUS)
    assert known(store).of(ANN) is Consent.ANONYMOUS


def test_what_was_said_when_stays_without_the_name(store: Path) -> None:
    """For each line stands another, in the same order."""
    said = [files.record(store, ANN, each) for each in (Consent.NONE, Consent.FULL)]
    consents.forget(store, [ANN])
    kept = CONSENTS.merged(store).records
    assert [(each.at, each.consent) for each in kept] == [(each.at, each.consent) for each in said]
    assert len({each.person for each in kept}) == 1
    assert all(each.salt for each in kept)


def test_damaged_lines_that_name_them_go_as_well(store: Path, file: Path) -> None:
    """Nobody can read them; an id counts only as a whole."""
    files.record(store, BOB, Consent.NONE)
    with file.open("ab") as damaged:
        damaged.write(b'{"person":"Ann@example.net","cons\n{"person":"47110","cons\n')
    assert consents.forget(store, [ANN, "4711"]) == 1
    assert (b"Ann" in file.read_bytes(), b"47110" in file.read_bytes()) == (False, True)


def traces(store: Path, name: bytes = b"ann") -> list[str]:
    """Name the files beside the store that tell of somebody."""
    return [each.name for each in store.parent.iterdir() if name in each.read_bytes()]


@pytest.mark.parametrize(
    "lose", [lambda _: None, delete, empty, damage], ids=["whole", "deleted", "emptied", "damaged"]
)
def test_nothing_brings_back_who_was_forgotten(
    store: Path, file: Path, lose: Callable[[Path], None]
) -> None:
    """Not the memory of two services, not the copy, nor a file that was lost before or after."""
    for who, level in ((ANN, Consent.FULL), (BOB, Consent.NONE), (ANN, Consent.NONE)):
        files.record(store, who, level)
    services = [started(store), started(store)]
    lose(file)
    assert consents.forget(store, [ANN]) >= 2
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
    files.record(store, ANN, Consent.ANONYMOUS)
    for service in services:
        service.refresh()
        assert service().of(ANN) is Consent.ANONYMOUS


def test_a_service_that_wakes_late_brings_nobody_back(store: Path, file: Path) -> None:
    """It knows only its memory, and the file that says who was forgotten is lost by then."""
    files.record(store, ANN, Consent.NONE)
    late = started(store)
    consents.forget(store, [ANN])
    file.unlink()
    late.refresh()
    assert traces(store) == []
    assert late().of(ANN) is Consent.NONE


def test_a_backup_that_names_them_is_not_believed(store: Path, file: Path) -> None:
    """Who was forgotten stays so in memory and copy; to erase the backup, forget them again."""
    files.record(store, ANN, Consent.FULL)
    backup = file.read_bytes()
    files.record(store, ANN, Consent.NONE)
    service = started(store)
    consents.forget(store, [ANN])
    file.write_bytes(backup)
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [file.name])
    assert REGISTRY.get_sample_value("waypost_consents_lost") == 2
    assert consents.forget(store, [ANN]) == 1
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [])


def full(*_: object, **__: object) -> None:
    """Be a full disk."""
    raise OSError(28, "No space left on device")


def test_forgetting_that_broke_off_is_completed(
    store: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever is running, or by another run."""
    files.record(store, ANN, Consent.NONE)
    service = started(store)
    with monkeypatch.context() as patched:
        patched.setattr(record_file, "write_secret", full)
        with pytest.raises(OSError, match="No space"):
            consents.forget(store, [ANN])
    assert traces(store) == [CONSENTS.copy_of(store).name]
    assert consents.forget(store, [ANN]) == 0
    assert traces(store) == []
    service.refresh()
    assert (service().of(ANN), traces(store)) == (Consent.NONE, [])


def test_what_is_said_while_somebody_is_forgotten_is_not_lost(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that comes between reading and erasing is erased as the others are."""
    files.record(store, ANN, Consent.FULL)
    supersede = consents.jsonl.supersede

    def late(*args: object, **kwargs: object) -> object:
        files.record(store, ANN, Consent.NONE)
        return supersede(*args, **kwargs)

    monkeypatch.setattr(consents.jsonl, "supersede", late)
    assert consents.forget(store, [ANN]) == 2
    assert (known(store).of(ANN), traces(store)) == (Consent.NONE, [])


def test_of_two_hashes_the_later_word_counts(store: Path) -> None:
    """Two runs at one time may each begin with a salt of its own."""
    for salt, minute in zip("0123456789", "1234567809", strict=True):
        level = Consent.FULL if minute == "9" else Consent.NONE
        given = ConsentRecord(f"2026-11-23T10:0{minute}:00+00:00", ANN, level)
        CONSENTS.append(store, given.nameless(salt * 32))
    assert len(known(store).salts) == 10
    assert known(store).of(ANN) is Consent.FULL
