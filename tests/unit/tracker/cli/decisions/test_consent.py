"""`waypost consent`: what persons agreed to is noted, shown and listed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.state import beside
from tracker.cli.decisions.consent import consent
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.records.live import LiveRecords

ANN, BOB = "ann@example.net", "bob@example.net"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


@pytest.fixture
def file(store: Path) -> Path:
    """Return its file of consents."""
    return CONSENTS.file_of(beside(store))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Return a function that runs `waypost consent` on a store of its own."""
    path = tmp_path / "waypost.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n')
    return lambda *args: CliRunner().invoke(consent, ["-c", str(path), *args])


def test_a_consent_is_noted_and_shown(run: Callable[..., Result], store: Path) -> None:
    """`waypost consent ADDRESS LEVEL`, `waypost consent ADDRESS`."""
    assert run("reader@example.org", "none").output == "reader@example.org: none\n"
    assert run("reader@example.org").output == "reader@example.org: none\n"
    assert run("other@example.org").output == "other@example.org: full (never said)\n"
    assert (
        Consents.from_records(CONSENTS.merged(beside(store)).records).of("reader@example.org")
        is Consent.NONE
    )


def test_all_consents_are_listed(run: Callable[..., Result]) -> None:
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


def test_an_unknown_level_is_a_usage_error(run: Callable[..., Result]) -> None:
    """With the levels that there are."""
    result = run("a@example.org", "maybe")
    assert result.exit_code == 2
    assert "anonymous" in result.output


@pytest.mark.parametrize("nobody", ["", " "])
def test_nobody_is_a_usage_error(run: Callable[..., Result], file: Path, nobody: str) -> None:
    """A script whose variable is empty must not take an opt-out for noted."""
    result = run(nobody, "none")
    assert (result.exit_code, file.exists()) == (2, False)


def test_an_unwritable_file_is_a_clear_error(run: Callable[..., Result], file: Path) -> None:
    """Exit status 1, no traceback."""
    file.mkdir()
    result = run("a@example.org", "none")
    assert result.exit_code == 1
    assert "Is a directory" in result.output


def test_damage_and_losses_are_told_beside_the_answer(
    run: Callable[..., Result], store: Path, file: Path
) -> None:
    """A torn line loses no other; what the file lost is in force by its copy."""
    run(ANN, "none")
    LiveRecords(CONSENTS, beside(store)).refresh()
    file.write_bytes(b'{"at": "2026')
    told = run(BOB, "none")
    assert told.stdout == f"{BOB}: none\n"
    assert told.stderr == (
        f"Lines of {file} that cannot be read: 1\n"
        f"Lines that {file} has lost, and that are in force by {file}.known: 1\n"
    )
    assert run(ANN).stdout == f"{ANN}: none\n"
    listed = json.loads(run("--json").stdout)
    assert [each["person"] for each in listed] == [ANN, BOB]
