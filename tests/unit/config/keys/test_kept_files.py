"""Keys that a process read as root, and reads again when it is root no more."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys import kept_files
from config.keys.secret_files import KeyFileError, read_public, read_secret, write_secret

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a file that only root may read, in a folder that everybody may look into."""
    monkeypatch.setattr(kept_files, "_kept", {})
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        write_secret(Path(folder, "key"), b"secret")
        yield Path(folder, "key")


@contextlib.contextmanager
def root_no_more() -> Iterator[None]:
    """Work as somebody else while the block runs."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("read", [read_secret, read_public])
def test_what_root_read_is_read_again(key: Path, read: type[bytes]) -> None:
    """A service that began as root has its keys at a reload, too."""
    assert read(key) == b"secret"
    with root_no_more():
        assert read(key) == b"secret"


def test_what_root_did_not_read_stays_unread(key: Path) -> None:
    """There is no way round the rights of a file."""
    with root_no_more():
        with pytest.raises(KeyFileError, match="cannot be read by this user"):
            read_secret(key)
        with pytest.raises(PermissionError):
            read_public(key)


def test_a_changed_file_wants_a_restart(key: Path) -> None:
    """Its former content must not pass for the new one."""
    read_secret(key)
    write_secret(key, b"a new secret", replace=True)
    with root_no_more(), pytest.raises(KeyFileError, match="cannot be read by this user"):
        read_secret(key)


def test_a_folder_that_is_closed_to_others_hides_no_change_that_matters(key: Path) -> None:
    """Whether the file is another cannot be told there; what was read counts."""
    read_secret(key)
    key.parent.chmod(0o700)
    with root_no_more():
        assert read_secret(key) == b"secret"


def test_another_process_of_ours_is_told(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows the keys of who started it, whatever became of the files since."""
    read_secret(key)
    known = kept_files.everything()
    monkeypatch.setattr(kept_files, "_kept", {})
    write_secret(key, b"a new secret", replace=True)
    kept_files.adopt(known)
    with root_no_more():
        assert read_secret(key) == b"secret"


def test_who_is_not_root_keeps_nothing(key: Path) -> None:
    """It may read again what it could read before."""
    os.chown(key, NOBODY, NOBODY)
    with root_no_more():
        assert read_secret(key) == b"secret"
    assert kept_files.everything() == {}
