"""Finding `waypost.toml`, and whose it must be where nobody asked for it by name."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading.config_file import ConfigFile, NotTrusted, find
from config.loading.load import ConfigError, load

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
SOMEBODY, SOMEBODY_ELSE = 12345, 54321
HERE = ConfigFile(Path("waypost.toml"), named=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder that everybody may enter; return the path of a configuration in it."""
    tmp_path.chmod(0o755)
    tmp_path.parent.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "waypost.toml"
    file.write_text('[log]\nlevel = "error"\n')
    file.chmod(0o644)
    return file


@contextlib.contextmanager
def user(uid: int) -> Iterator[None]:
    """Be another user while the block runs."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_named_file_counts_before_all_others(tmp_path: Path) -> None:
    """`-c` first, then $WAYPOST_CONFIG."""
    environ = {"WAYPOST_CONFIG": "/srv/other.toml"}
    assert find(tmp_path, environ) == ConfigFile(tmp_path)
    assert find(None, environ) == ConfigFile(Path("/srv/other.toml"))


def test_the_file_here_counts_before_the_one_in_etc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """./waypost.toml is found without being named; the one in /etc is as good as named."""
    monkeypatch.chdir(tmp_path)
    etc = tmp_path / "etc.toml"
    monkeypatch.setattr("config.loading.config_file.PLACES", (Path("waypost.toml"), etc))
    assert find(None, {}) is None
    etc.touch()
    assert find(None, {}) == ConfigFile(etc)
    Path("waypost.toml").touch()
    assert find(None, {}) == HERE


def test_ones_own_file_is_read(here: Path) -> None:
    """Whoever it is."""
    content, found = HERE.read()
    assert (content, found.st_size) == (here.read_bytes(), len(content))


@needs_root
def test_roots_file_is_read_by_everybody(here: Path) -> None:
    """Who is root rules anyway."""
    content = here.read_bytes()
    with user(SOMEBODY):
        assert HERE.read()[0] == content


@needs_root
@pytest.mark.parametrize("reader", [0, SOMEBODY_ELSE], ids=["root", "a user"])
def test_a_file_of_somebody_else_is_not_read(here: Path, reader: int) -> None:
    """It would have root write to any place, and a user send mail to anybody's relay."""
    os.chown(here, SOMEBODY, SOMEBODY)
    with user(reader), pytest.raises(NotTrusted, match="but to user 12345"):
        HERE.read()


@needs_root
def test_a_file_of_somebody_else_is_read_where_it_is_named(here: Path) -> None:
    """Whoever names it means it."""
    os.chown(here, SOMEBODY, SOMEBODY)
    assert load(Path("waypost.toml"), files=False).log.level == "error"
    with pytest.raises(ConfigError, match=r"waypost.toml: was found here.*-c waypost.toml"):
        load(HERE, files=False)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_change_is_not_read(here: Path, mode: int) -> None:
    """It is theirs as much."""
    here.chmod(mode)
    with pytest.raises(NotTrusted, match=f"mode {mode:04o}.*chmod go-w waypost.toml"):
        HERE.read()


@needs_root
def test_behind_a_link_it_counts_whose_file_it_is(here: Path) -> None:
    """Whose the link is does not matter: who made it cannot change what is read."""
    (here.parent / "own.toml").write_text("")
    here.unlink()
    here.symlink_to("own.toml")
    os.lchown(here, SOMEBODY, SOMEBODY)
    assert HERE.read()[0] == b""
    os.chown(here, SOMEBODY, SOMEBODY)
    with pytest.raises(NotTrusted):
        HERE.read()


def test_a_pipe_does_not_make_us_wait(here: Path) -> None:
    """Opening a FIFO blocks until somebody writes; we look first."""
    here.unlink()
    os.mkfifo(here, 0o600)
    with pytest.raises(NotTrusted, match="is not a file"):
        HERE.read()
