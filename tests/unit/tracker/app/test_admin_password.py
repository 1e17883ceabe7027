"""The password of the admin listener: which file it is from, and when that changes."""

from pathlib import Path

import pytest

from config.keys.secret_files import KeyFileError
from tracker.app.admin_password import AdminPassword


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a password."""
    return written(tmp_path / "first", "horse")


def written(path: Path, text: str) -> Path:
    """Write a password that only its owner may read."""
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_without_a_file_none_is_asked_for() -> None:
    """And there is nothing to look at again."""
    password = AdminPassword(None)
    password.refresh()
    assert password() is None


def test_it_is_what_the_file_says(file: Path) -> None:
    """Now, and when it has changed."""
    password = AdminPassword(file)
    assert password() == b"horse"
    written(file, "staple")
    password.refresh()
    assert password() == b"staple"


def test_a_file_that_cannot_be_used_is_told(file: Path) -> None:
    """At the start, and when it is to take the place of another, which stays."""
    file.chmod(0o644)
    with pytest.raises(KeyFileError):
        AdminPassword(file)
    password = AdminPassword(None)
    with pytest.raises(KeyFileError):
        password.prepare(file)
    assert password() is None


def test_a_file_is_added(file: Path) -> None:
    """From then on the listener asks."""
    password = AdminPassword(None)
    put_in_force = password.prepare(file)
    assert password() is None
    put_in_force()
    assert password() == b"horse"


def test_another_file_takes_its_place(file: Path, tmp_path: Path) -> None:
    """And is looked at again; the first is not."""
    other = written(tmp_path / "other", "battery")
    password = AdminPassword(file)
    password.prepare(other)()
    assert password() == b"battery"
    written(file, "staple")
    written(other, "correct")
    password.refresh()
    assert password() == b"correct"


def test_the_same_file_is_read_again(file: Path) -> None:
    """At once, and not only when it is looked at the next time."""
    password = AdminPassword(file)
    written(file, "staple")
    password.prepare(file)()
    assert password() == b"staple"


def test_a_file_that_is_removed_stays_in_force(file: Path) -> None:
    """The listener may be open to other machines."""
    password = AdminPassword(file)
    password.prepare(None)()
    assert password() == b"horse"
    assert password.takes_restart(None)
    assert not password.takes_restart(file)
    assert not AdminPassword(None).takes_restart(None)
