"""What persons agreed to, in a file that outlives everything else."""

from pathlib import Path

from tests.support.consents import ANN, known
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent, ConsentRecord, strictest
from tracker.decisions.files import CONSENTS


def test_the_last_word_counts(store: Path) -> None:
    """Names are compared without case."""
    files.record(beside(store), "Reader@Example.org", Consent.NONE)
    files.record(beside(store), "other@example.org", Consent.ANONYMOUS)
    before = known(store)
    assert before.of("reader@example.ORG ") is Consent.NONE
    files.record(beside(store), "reader@example.org", Consent.FULL)
    assert known(store).of("Reader@Example.org") is Consent.FULL
    assert before.of("nobody@example.org", None) is Consent.FULL
    assert before.said("nobody@example.org", None) is None
    assert before.of("nobody@example.org", unsaid=Consent.NONE) is Consent.NONE


def test_of_several_names_the_strictest_counts(store: Path) -> None:
    """A person may be known by an address and by an id."""
    files.record(beside(store), "4711", Consent.ANONYMOUS)
    assert known(store).of("reader@example.org", "4711") is Consent.ANONYMOUS
    assert strictest(Consent.FULL, Consent.NONE, Consent.ANONYMOUS) is Consent.NONE


def test_of_two_hashes_the_later_word_counts(store: Path) -> None:
    """Two runs at one time may each begin with a salt of its own."""
    for salt, minute in zip("0123456789", "1234567809", strict=True):
        level = Consent.FULL if minute == "9" else Consent.NONE
        given = ConsentRecord(f"2026-11-23T10:0{minute}:00+00:00", ANN, level)
        CONSENTS.append(beside(store), given.nameless(salt * 32))
    assert len(known(store).salts) == 10
    assert known(store).of(ANN) is Consent.FULL
