"""`waypost identify`: the person behind an id that a destination was told."""

import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.keys import token_keys
from tests.support import commands
from tests.support.clients.commands import LINKS, message, spooled
from tests.support.hostile import TITLE, obeyed
from tracker.cli.reports.identify import identify
from tracker.events import MessageAccepted, MessagePending, Recipient
from tracker.urls.reader_id import Identifier


@pytest.fixture
def folder(folder: Path) -> Path:
    """Have a spool with mail to two persons, one known by the application's own id as well."""
    own = MessagePending(
        f"{2:016x}", 1_700_000_000, "example.com", "news", shared=False,
        recipients=(Recipient(1, "bob@example.org", "4711"),), links=LINKS,
    )  # fmt: skip
    spooled(folder, *message(1, "news", "ann@example.org"), own)
    spooled(folder, MessageAccepted(own.message_id, own.at_s, (1,)))
    return folder


def run(folder: Path, *arguments: str) -> Result:
    """Run the command with the folder's configuration."""
    return CliRunner().invoke(identify, ["-c", str(folder / "waypost.toml"), *arguments])


def hashed(folder: Path, person: str) -> str:
    """Return the id under which a destination knows a person."""
    return Identifier.load("wp_id", folder / "token.keys").hashed(person)


def test_the_address_behind_a_hash_is_printed(folder: Path) -> None:
    """Alone, for scripts."""
    done = run(folder, hashed(folder, "ann@example.org"))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "ann@example.org\n", "")


def test_an_id_may_begin_with_a_hyphen(folder: Path) -> None:
    """As one of 64 does; it needs no `--`, before or after options."""
    names = (f"reader{number}@example.org" for number in itertools.count())
    name = next(each for each in names if hashed(folder, each).startswith("-"))
    spooled(folder, *message(9, "news", name))
    assert run(folder, hashed(folder, name)).stdout == f"{name}\n"
    assert run(folder, "--", hashed(folder, name)).stdout == f"{name}\n"
    assert json.loads(run(folder, hashed(folder, name), "--json").stdout)["addresses"] == [name]


def test_a_person_moves_no_cursor(folder: Path) -> None:
    """Applications name persons as they like, and whoever asks quotes what a link had."""
    own = MessagePending(
        f"{3:016x}", 1_700_000_000, "example.com", "news", shared=False,
        recipients=(Recipient(1, "bob@example.org", TITLE),), links=LINKS,
    )  # fmt: skip
    spooled(folder, own, MessageAccepted(own.message_id, own.at_s, (1,)))
    assert run(folder, TITLE).stdout == "\\u001b]0;owned\\u0007\n"
    assert json.loads(run(folder, "--json", TITLE).stdout)["person"] == TITLE
    assert obeyed(run(folder, "--json", TITLE).stdout) == set()
    assert (
        obeyed(commands.run("identify", "-c", folder / "waypost.toml", f"?{TITLE}", status=1))
        == set()
    )


def test_an_id_of_the_applications_own_is_its_own_answer(folder: Path) -> None:
    """Destinations were told it as it is; the addresses are in JSON."""
    assert run(folder, "4711").stdout == "4711\n"
    assert json.loads(run(folder, "--json", "4711").stdout) == {
        "id": "4711",
        "person": "4711",
        "addresses": ["bob@example.org"],
    }


@pytest.mark.parametrize("nobody", ["4712", "", "x" * 22])
def test_nobody_is_exit_1_and_one_line(folder: Path, nobody: str) -> None:
    """Whether it looks like an id or not."""
    done = run(folder, nobody)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: nobody is known as {nobody}\n"


def test_a_hash_of_another_installation_is_nobodys(folder: Path, tmp_path: Path) -> None:
    """Ids lead back with the secret that made them, and with no other."""
    token_keys.write_token_keys(tmp_path / "other.keys", [token_keys.new_token_key()])
    foreign = Identifier.load("wp_id", tmp_path / "other.keys").hashed("ann@example.org")
    assert run(folder, foreign).exit_code == 1
