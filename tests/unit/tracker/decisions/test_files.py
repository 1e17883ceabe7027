"""The file of consents: a loss of it tracks nobody who opted out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.telemetry.observe import REGISTRY
from tests.support.checks.losses import damage, delete, empty, put_back
from tests.support.consents import ANN, BOB, known, started
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.decisions.files import CONSENTS


def test_where_there_is_no_file_nobody_said_anything(store: Path) -> None:
    """That is no error."""
    assert known(store).latest == {}
    assert started(store)().of(ANN) is Consent.FULL


def test_only_the_owner_can_read_what_persons_said(store: Path) -> None:
    """It says who reads our mail."""
    files.record(beside(store), ANN, Consent.NONE)
    started(store)
    for path in (CONSENTS.file_of(beside(store)), CONSENTS.copy_of(beside(store))):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_word_within_a_second_is_another(store: Path) -> None:
    """Where the file was lost between, the second one is not taken for the first."""
    for level in (Consent.NONE, Consent.FULL):
        files.record(beside(store), ANN, level)
    agreed = started(store)
    CONSENTS.file_of(beside(store)).unlink()
    files.record(beside(store), ANN, Consent.NONE)
    agreed.refresh()
    assert agreed().of(ANN) is Consent.NONE


@pytest.mark.parametrize("lose", [delete, empty, damage, put_back], ids=lambda lose: lose.__name__)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_lost_file_tracks_nobody(
    store: Path, lose: Callable[[Path], None], *, restarted: bool
) -> None:
    """Who opted out stays so; what is said then comes on top."""
    for level in (Consent.FULL, Consent.NONE):
        files.record(beside(store), ANN, level)
    files.record(beside(store), BOB, Consent.ANONYMOUS)
    agreed = started(store)
    lose(CONSENTS.file_of(beside(store)))
    if restarted:
        agreed = started(store)
    agreed.refresh()
    lost = 2 if lose is put_back else 3
    assert (agreed().of(ANN), agreed().of(BOB)) == (Consent.NONE, Consent.ANONYMOUS)
    assert REGISTRY.get_sample_value("waypost_consents_in_force") == 2
    assert REGISTRY.get_sample_value("waypost_consents_lost") == lost
    files.record(beside(store), BOB, Consent.FULL)
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
    CONSENTS.copy_of(beside(store)).mkdir()
    with pytest.raises(IsADirectoryError):
        started(store)()


def test_a_copy_does_where_the_file_cannot_be_read(store: Path, file: Path) -> None:
    """It has all that was read in the file."""
    files.record(beside(store), ANN, Consent.NONE)
    started(store)
    file.unlink()
    file.mkdir()
    assert started(store)().of(ANN) is Consent.NONE
