"""Manual pages of commands, and completion of shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import waypost_manual
from config.reference.settings_page import settings_page
from tests.support.repository import ROOT
from waypost import COMMANDS

PAGES = waypost_manual.command_pages("1.2.3")


def test_every_command_has_a_page_and_so_has_each_below_it() -> None:
    """`man waypost-report`, `man waypost-keys-rotate`."""
    assert {"waypost", *(f"waypost-{name}" for name in COMMANDS)} <= PAGES.keys()
    assert "waypost-keys-rotate" in PAGES


def test_a_page_has_every_option() -> None:
    """Help included, as the command takes it."""
    page = PAGES["waypost-report"]
    for option in ("\\-c, \\-\\-config FILE", "\\-\\-csv", "\\-h, \\-\\-help"):
        assert f".TP\n\\fB{option}\\fR\n" in page


def test_groff_finds_nothing_wrong_with_the_pages() -> None:
    """No request that it does not know, and nothing left out."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    pages = "".join([*PAGES.values(), settings_page("1.2.3")]).encode()
    command = [groff, "-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou"]
    done = subprocess.run(command, input=pages, capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout.count(b"EXIT STATUS") == len(PAGES)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_that_shell_reads(shell: str) -> None:
    """Each shell finds no mistake in it."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    check = [program, "--no-execute"] if shell == "fish" else [program, "-n"]
    source = waypost_manual.completion(shell).encode()
    done = subprocess.run([*check, "/dev/stdin"], input=source, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_commands_are_completed_without_importing_any() -> None:
    """A key that is pressed is answered at once."""
    code = "import sys, waypost; sys.argv = ['waypost']\ntry: waypost.main()\nfinally: print("
    code += "sorted({'fastapi', 'rich', 'pydantic', 'dkim'} & set(sys.modules)), file=sys.stderr)"
    asked = {"COMP_WORDS": "waypost rep", "COMP_CWORD": "1", "_WAYPOST_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **asked},
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"plain,report\n"
    assert done.stderr == b"[]\n"


def test_options_are_completed() -> None:
    """Those of the command that is typed."""
    asked = {"COMP_WORDS": "waypost report --cs", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys, waypost; sys.argv = ['waypost']; waypost.main()"],
        cwd=ROOT,
        env={**os.environ, **asked, "_WAYPOST_COMPLETE": "bash_complete"},
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"plain,--csv\n"


def test_files_are_where_man_and_the_shells_look(tmp_path: Path) -> None:
    """Below a folder like /usr/share."""
    waypost_manual.main(tmp_path)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written >= {
        "man/man1/waypost.1",
        "man/man1/waypost-report.1",
        "man/man5/waypost.toml.5",
        *waypost_manual.SHELLS.values(),
    }
