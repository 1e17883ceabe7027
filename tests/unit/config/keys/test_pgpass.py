"""The password of PostgreSQL: what libpq gets to read, and from where."""

from pathlib import Path

import pytest

from config.keys.pgpass import readable_passfile
from config.keys.secret_files import KeyFileError

LINE = "*:*:*:waypost:hunter2\n"


def written(path: Path, mode: int = 0o600) -> Path:
    """Return a password file of this mode."""
    path.write_text(LINE)
    path.chmod(mode)
    return path


def test_libpq_gets_a_copy_for_its_owner_alone(tmp_path: Path) -> None:
    """It takes no other (libpq-pgpass)."""
    with readable_passfile(written(tmp_path / "pgpass")) as path:
        assert path is not None
        assert path.read_text() == LINE
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_credential_takes_the_place_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which may be readable by a group, as systemd makes them."""
    written(tmp_path / "pgpass", 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for named in (Path("/etc/waypost/pgpass"), None):
        with readable_passfile(named) as path:
            assert path is not None
            assert path.read_text() == LINE


def test_without_either_libpq_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """At ~/.pgpass, or where PGPASSFILE points."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with readable_passfile(None) as path:
        assert path is None


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """As every file with a secret."""
    with (
        pytest.raises(KeyFileError, match="can be read or changed by others"),
        readable_passfile(written(tmp_path / "pgpass", 0o644)),
    ):
        pass
