"""Files that hold secrets: permissions, systemd credentials, atomic writes."""

import fcntl
import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from config.keys.secret_files import (
    KeyFileError,
    credential,
    locked,
    locked_secret,
    read_password,
    read_secret,
    readable_path,
    usable_path,
    write_secret,
)

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")


def test_only_its_owner_may_read_what_is_written(tmp_path: Path) -> None:
    """Whatever the umask is."""
    write_secret(tmp_path / "key", b"secret")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert read_secret(tmp_path / "key") == b"secret"


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    """A key is never lost by a second `init`."""
    write_secret(tmp_path / "key", b"old")
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "key", b"new")
    assert read_secret(tmp_path / "key") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_replacing_follows_a_symbolic_link(tmp_path: Path) -> None:
    """The file is replaced where it is; the link to it stays."""
    (tmp_path / "safe").mkdir()
    write_secret(tmp_path / "safe" / "key", b"old")
    (tmp_path / "key").symlink_to(tmp_path / "safe" / "key")
    write_secret(tmp_path / "key", b"new", replace=True)
    assert (tmp_path / "key").is_symlink()
    assert read_secret(tmp_path / "safe" / "key") == b"new"


def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    """Root rotates the keys of the service, which must be able to read them afterwards."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    write_secret(tmp_path / "key", b"old")
    os.chown(tmp_path / "key", NOBODY, NOBODY)
    write_secret(tmp_path / "key", b"new", replace=True)
    assert (tmp_path / "key").stat().st_uid == NOBODY
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@needs_root
def test_what_root_writes_may_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """Whoever had the file before, and whatever stood in its place."""
    os.chown(tmp_path, NOBODY, NOBODY)
    (tmp_path / "copy").symlink_to("gone")
    for _ in range(2):
        write_secret(tmp_path / "copy", b"lines", replace=True, inherit_owner=True)
        assert (tmp_path / "gone").stat().st_uid == NOBODY
        os.chown(tmp_path / "gone", 12345, 12345)


def test_a_new_file_is_not_made_behind_a_link(tmp_path: Path) -> None:
    """Who can put a link there would choose what root makes, and where."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "dkim.pem").symlink_to(tmp_path / "anything")
    with pytest.raises(FileExistsError):
        write_secret(tmp_path / "folder" / "dkim.pem", b"key")
    assert not (tmp_path / "anything").exists()


def test_a_locked_file_is_read_and_replaced(tmp_path: Path) -> None:
    """Where it is; a link to it stays."""
    (tmp_path / "safe").mkdir()
    write_secret(tmp_path / "safe" / "key", b"old")
    (tmp_path / "key").symlink_to(tmp_path / "safe" / "key")
    with locked_secret(tmp_path / "key") as file:
        file.replace(file.content + b" and new")
    assert (tmp_path / "key").is_symlink()
    assert read_secret(tmp_path / "safe" / "key") == b"old and new"


@needs_root
def test_a_locked_file_stays_whose_it_was_when_it_was_read(tmp_path: Path) -> None:
    """Who owns the folder could put a file of their own in its place meanwhile."""
    os.chown(tmp_path, NOBODY, NOBODY)
    key = tmp_path / "key"
    write_secret(key, b"secret")
    with locked_secret(key) as file:
        key.unlink()
        write_secret(key, b"theirs")
        os.chown(key, NOBODY, NOBODY)
        file.replace(file.content)
    assert (key.stat().st_uid, read_secret(key)) == (0, b"secret")


@needs_root
def test_a_locked_file_is_the_one_that_was_opened(tmp_path: Path) -> None:
    """No link that appears in its place leads root to another's."""
    (tmp_path / "roots").write_text("of root")
    (tmp_path / "theirs").mkdir()
    write_secret(tmp_path / "theirs" / "key", b"secret")
    with locked_secret(tmp_path / "theirs" / "key") as file:
        (tmp_path / "theirs" / "key").unlink()
        (tmp_path / "theirs" / "key").symlink_to(tmp_path / "roots")
        file.replace(b"new")
    assert (tmp_path / "roots").read_text() == "of root"
    assert read_secret(tmp_path / "theirs" / "key") == b"new"


@pytest.mark.parametrize(
    ("mode", "what"), [(None, "does not exist"), (0o640, "can be read or changed by others")]
)
def test_only_a_secret_file_is_locked(tmp_path: Path, mode: int | None, what: str) -> None:
    """As only such a one is read."""
    if mode is not None:
        (tmp_path / "key").touch()
        (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileError, match=what), locked_secret(tmp_path / "key"):
        pytest.fail("it was locked")


@needs_root
def test_a_library_finds_what_only_root_may_read() -> None:
    """As OpenSSL, which opens a certificate's key by its path."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        key = Path(folder, "key")
        write_secret(key, b"secret")
        with readable_path(key) as found:
            assert found == key
        read_secret(key)
        os.seteuid(NOBODY)
        try:
            with readable_path(key) as found:
                assert found.read_bytes() == b"secret"
        finally:
            os.seteuid(0)
    assert not found.exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk shows at fsync at the latest."""
    write_secret(tmp_path / "key", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_secret(tmp_path / "key", b"new", replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert read_secret(tmp_path / "key") == b"old"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Reading, writing or executing: each bit of group and others."""
    write_secret(tmp_path / "key", b"secret")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileError, match=f"read or changed by others \\(mode {mode:04o}\\)"):
        read_secret(tmp_path / "key")


def test_a_group_may_share_a_certificates_key(tmp_path: Path) -> None:
    """Debian's ssl-cert does; others still may not."""
    write_secret(tmp_path / "key", b"secret")
    (tmp_path / "key").chmod(0o640)
    assert read_secret(tmp_path / "key", also=0o040) == b"secret"
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 640"):
        read_secret(tmp_path / "key", also=0o040)


def test_a_file_of_somebody_else_says_what_to_do() -> None:
    """The hint leads to systemd credentials."""
    if os.geteuid() != 0:
        pytest.skip("only root can write a file that it then cannot read")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        write_secret(Path(folder, "key"), b"secret")
        os.seteuid(NOBODY)
        try:
            with pytest.raises(KeyFileError, match=r"cannot be read by this user .*LoadCredential"):
                read_secret(Path(folder, "key"))
        finally:
            os.seteuid(0)


@pytest.mark.parametrize(("name", "what"), [("lost", "does not exist"), ("folder", "is a folder")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, what: str) -> None:
    """Told by its name."""
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match=f"{name} {what}"):
        read_secret(tmp_path / name)


def test_a_pipe_does_not_make_us_wait(tmp_path: Path) -> None:
    """Opening a FIFO blocks until somebody writes; we look first."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileError, match="is not a file"):
        read_secret(tmp_path / "pipe")


@pytest.mark.parametrize(
    "name", ["dkim.pem", "keys_dkim.pem", "waypost_keys_dkim.pem", "etc_waypost_keys_dkim.pem"]
)
def test_a_credential_is_found_by_the_end_of_the_path(tmp_path: Path, name: str) -> None:
    """As LoadCredential= names the files of a folder, or as the operator did."""
    (tmp_path / name).write_text("")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert credential(Path("/etc/waypost/keys/dkim.pem"), environ) == tmp_path / name


def test_the_longest_name_of_a_credential_counts(tmp_path: Path) -> None:
    """Two keys called dkim.pem in two folders are told apart."""
    for name in ("dkim.pem", "a_dkim.pem", "b_dkim.pem"):
        (tmp_path / name).write_text("")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert credential(Path("/etc/waypost/b/dkim.pem"), environ) == tmp_path / "b_dkim.pem"


def test_a_credential_counts_before_the_file_and_may_be_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is guarded by systemd; the modes of the files in it are its own."""
    write_secret(tmp_path / "token.keys", b"file")
    passed = tmp_path / "credentials"
    passed.mkdir()
    (passed / "token.keys").write_bytes(b"credential")
    (passed / "token.keys").chmod(0o444)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(passed))
    assert read_secret(tmp_path / "token.keys") == b"credential"
    assert usable_path(tmp_path / "token.keys") == passed / "token.keys"
    assert usable_path(tmp_path / "other.keys") == tmp_path / "other.keys"


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    """Else nothing would open everything."""
    file = tmp_path / "password"
    file.write_text(" \n")
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="is empty"):
        read_password(file)
    file.write_bytes(b"secret\n")
    assert read_password(file) == b"secret"


def test_without_systemd_there_are_no_credentials() -> None:
    """An empty variable is none."""
    assert credential(Path("/etc/waypost/token.keys"), {}) is None
    assert credential(Path("/etc/waypost/token.keys"), {"CREDENTIALS_DIRECTORY": ""}) is None


def test_who_changes_keys_waits_for_whoever_does_so_already(tmp_path: Path) -> None:
    """Of two rotations at the same time, none loses the other's key."""
    done = threading.Event()

    def second() -> None:
        with locked(tmp_path / "token.keys"):
            done.set()

    with locked(tmp_path / "token.keys"):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not done.wait(0.1)
    waiting.join(5)
    assert done.is_set()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


@needs_root
@pytest.mark.parametrize(
    ("name", "what"), [("gone.keys", "does not exist"), ("token.keys", "cannot be read")]
)
def test_credentials_of_another_user_are_named_where_nothing_else_can_be_read(
    monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    """As by a command that was given the variables of a service."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        passed = Path(folder, "credentials")
        passed.mkdir(mode=0o700)
        write_secret(passed / name, b"credential")
        write_secret(Path(folder, "token.keys"), b"file")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(passed))
        os.seteuid(NOBODY)
        try:
            assert credential(Path(folder, name)) is None
            with pytest.raises(KeyFileError) as raised:
                read_secret(Path(folder, name))
        finally:
            os.seteuid(0)
    assert raised.value.what.startswith(what)
    assert f"may not look into {passed}" in raised.value.what
    assert "run as the user of the service" in raised.value.hint


def test_a_folder_of_credentials_that_is_not_there_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with the file is said, and nothing else."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "gone"))
    with pytest.raises(KeyFileError) as raised:
        read_secret(tmp_path / "token.keys")
    assert raised.value.what == "does not exist"
