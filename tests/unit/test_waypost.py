"""The command line as a whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import click.testing
import pytest

from tests.support.repository import ROOT
from waypost import COMMANDS, SERVICES, SUMMARIES, cli, hold_sighup


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_under_its_name(name: str) -> None:
    """What the table promises exists, is called so, and says what it does."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_each_command_what_its_own_help_begins_with(name: str) -> None:
    """Nothing is imported to list them, so the words stand twice."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert SUMMARIES[name] == command.get_short_help_str(200)


def test_the_list_of_commands_imports_none() -> None:
    """Or to read it would take as long as to start everything."""
    told = "from click.testing import CliRunner; import sys, waypost; "
    told += "assert CliRunner().invoke(waypost.cli, ['--help']).exit_code == 0; "
    told += (
        "print(sorted({'fastapi', 'rich', 'pydantic', 'sqlite_utils', 'dkim'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_unknown_command_is_a_usage_error() -> None:
    """Exit status 2, and a pointer to the help."""
    outcome = click.testing.CliRunner().invoke(cli, ["no-such-command"])
    assert outcome.exit_code == 2
    assert "No such command" in outcome.output


def test_help_lists_every_command() -> None:
    """`waypost --help` names them all."""
    outcome = click.testing.CliRunner().invoke(cli, ["--help"])
    assert outcome.exit_code == 0
    assert [name for name in COMMANDS if f"  {name} " not in outcome.output] == []


@pytest.fixture
def _mask() -> Iterator[None]:
    """Undo what a test does to the signals of this process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.usefixtures("_mask")
@pytest.mark.parametrize("name", [*COMMANDS, "--help"])
def test_sighup_waits_where_a_service_starts_and_nowhere_else(name: str) -> None:
    """A service hears it later; `waypost demo` in a terminal that is closed should end."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    hold_sighup([name, "-c", "x"])
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert (signal.SIGHUP in blocked) == (name in SERVICES)


IMPORT = """
import signal, sys

class Look:
    def find_spec(self, name, *_):
        if name == "click":
            print(signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, ()))

sys.meta_path.insert(0, Look())
sys.argv = sys.argv[1:]
import waypost
"""


@pytest.mark.parametrize(
    ("arguments", "waits"),
    [
        (["/opt/waypost/bin/waypost", "proxy"], "True"),
        (["/opt/waypost/bin/waypost", "report"], "False"),
        (["/usr/bin/pytest", "proxy"], "False"),
    ],
)
def test_sighup_waits_before_anything_is_imported_that_takes_long(
    arguments: list[str], waits: str
) -> None:
    """A signal that comes before that ends the process; no other program is changed by an import."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, *arguments], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == waits


PROGRAM = """
import gc, multiprocessing
from concurrent.futures import ProcessPoolExecutor
from waypost import cli

if __name__ == "__main__":
    cli.get_command(None, "proxy")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        print(gc.isenabled(), pool.submit(gc.isenabled).result())
"""


def test_garbage_is_collected_in_a_command_and_in_the_processes_that_it_starts(
    tmp_path: Path,
) -> None:
    """These import the program that started them, without running its command."""
    program = tmp_path / "waypost"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, program, "proxy"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"True True\n"
