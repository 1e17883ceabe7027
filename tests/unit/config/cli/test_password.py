"""`waypost password`."""

from pathlib import Path

import pytest

from config.keys import password_hash
from tests.support.commands import run


@pytest.mark.parametrize("stdin", ["horse staple\n", "horse staple", "horse staple\r\nmore\n"])
def test_the_hash_of_the_first_line_is_printed(stdin: str) -> None:
    """So that it can be piped; the password is printed nowhere."""
    printed = run("password", stdin=stdin)
    assert password_hash.matches(b"horse staple", printed.strip().encode())
    assert "horse" not in printed


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """In the place of what was in it; and the operator is told what to do with it."""
    file = tmp_path / "admin.password"
    file.write_text("old")
    file.chmod(0o644)
    printed = run("password", "--file", file, stdin="ünïcode\n")
    assert f'admin_password_file = "{file}"' in printed
    assert file.stat().st_mode & 0o777 == 0o600
    assert password_hash.matches("ünïcode".encode(), password_hash.read_admin_password(file))


@pytest.mark.parametrize("stdin", ["", "\n", "  \nmore\n"])
def test_an_empty_password_is_none(stdin: str) -> None:
    """Nothing is made of it."""
    assert "an empty password" in run("password", stdin=stdin, status=1)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """In one line."""
    printed = run("password", "--file", tmp_path / "lost" / "file", stdin="horse\n", status=1)
    assert "lost/file: No such file or directory" in printed
