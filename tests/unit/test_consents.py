"""What persons agreed to, in a file that outlives everything else."""

import json

import pytest
import structlog.testing
from click.testing import CliRunner

from tracker import consents
from tracker.consent_cli import consent
from tracker.consents import Consent


@pytest.fixture
def file(tmp_path):
    """Give the file of a store."""
    return consents.file_of(tmp_path / "waypost.db")


def test_the_last_word_counts(file):
    """Names are compared without case."""
    consents.record(file, "Reader@Example.org", Consent.NONE)
    consents.record(file, "other@example.org", Consent.ANONYMOUS)
    known = consents.load(file)
    assert known.of("reader@example.ORG ") is Consent.NONE
    consents.record(file, "reader@example.org", Consent.FULL)
    assert consents.load(file).of("Reader@Example.org") is Consent.FULL
    assert known.of("nobody@example.org", None) is Consent.FULL


def test_of_several_names_the_strictest_counts(file):
    """A person may be known by an address and by an id."""
    consents.record(file, "4711", Consent.ANONYMOUS)
    known = consents.load(file)
    assert known.of("reader@example.org", "4711") is Consent.ANONYMOUS
    assert consents.strictest(Consent.FULL, Consent.NONE, Consent.ANONYMOUS) is Consent.NONE


def test_where_there_is_no_file_nobody_said_anything(file):
    """That is no error."""
    assert consents.load(file).given == {}


def test_a_damaged_line_loses_no_other(file):
    """A torn write is passed over, and what comes after it stands on a line of its own."""
    consents.record(file, "a@example.org", Consent.NONE)
    with file.open("ab") as torn:
        torn.write(b'{"at": "2026')
    consents.record(file, "b@example.org", Consent.NONE)
    with structlog.testing.capture_logs() as logged:
        known = consents.load(file)
    assert (known.of("a@example.org"), known.of("b@example.org")) == (Consent.NONE, Consent.NONE)
    assert [(line["event"], line["lines"]) for line in logged] == [("consents_unreadable", 1)]


def test_only_the_owner_can_read_it(file):
    """It says who reads our mail."""
    consents.record(file, "a@example.org", Consent.NONE)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def run(tmp_path):
    """Give a function that runs `waypost consent` on a store of its own."""
    path = tmp_path / "waypost.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n')
    return lambda *args: CliRunner().invoke(consent, ["-c", str(path), *args])


def test_a_consent_is_noted_and_shown(run, file):
    """`waypost consent ADDRESS LEVEL`, `waypost consent ADDRESS`."""
    assert run("reader@example.org", "none").output == "reader@example.org: none\n"
    assert run("reader@example.org").output == "reader@example.org: none\n"
    assert run("other@example.org").output == "other@example.org: full\n"
    assert consents.load(file).of("reader@example.org") is Consent.NONE


def test_all_consents_are_listed(run):
    """For people and for machines."""
    run("a@example.org", "none")
    run("4711", "anonymous")
    listed = json.loads(run("--json").output)
    assert [(each["person"], each["consent"]) for each in listed] == [
        ("a@example.org", "none"),
        ("4711", "anonymous"),
    ]
    assert "a@example.org,none," in run("--csv").output
    assert "anonymous" in run().output


def test_an_unknown_level_is_a_usage_error(run):
    """With the levels that there are."""
    result = run("a@example.org", "maybe")
    assert result.exit_code == 2
    assert "anonymous" in result.output


@pytest.mark.parametrize("nobody", ["", " "])
def test_nobody_is_a_usage_error(run, file, nobody):
    """A script whose variable is empty must not take an opt-out for noted."""
    result = run(nobody, "none")
    assert (result.exit_code, file.exists()) == (2, False)


def test_an_unwritable_file_is_a_clear_error(run, file):
    """Exit status 1, no traceback."""
    file.mkdir()
    result = run("a@example.org", "none")
    assert result.exit_code == 1
    assert "Is a directory" in result.output
