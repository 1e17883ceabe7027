"""Opening files in a folder that may be somebody else's."""

import os
import socket
from pathlib import Path

import pytest

from config.files.regular import open_regular, opener, opener_without_links

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Return a link to a file elsewhere, in a folder of its own."""
    (tmp_path / "file").write_text("of another")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link"
    link.symlink_to(tmp_path / "file")
    return link


def test_a_file_is_opened(tmp_path: Path) -> None:
    """As `open` opens it; no child process inherits it."""
    (tmp_path / "file").write_text("text")
    with open(tmp_path / "file", opener=opener) as file:
        assert file.read() == "text"
        assert not os.get_inheritable(file.fileno())


def test_what_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    """Files beside the store tell of persons."""
    os.close(open_regular(tmp_path / "file", os.O_CREAT | os.O_WRONLY))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed_where_nobody_else_could_have_put_it(link: Path) -> None:
    """An operator may keep a file elsewhere."""
    with open(link, opener=opener) as file:
        assert file.read() == "of another"


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o770, 0o707])
def test_root_follows_no_link_in_a_folder_that_others_can_change(link: Path, mode: int) -> None:
    """The owner of the folder, its group, or everybody; the error names the link."""
    if mode == 0o700:
        os.chown(link.parent, 12345, 12345)
    link.parent.chmod(mode)
    with pytest.raises(OSError, match="A symbolic link, which is not followed here") as raised:
        open_regular(link, os.O_WRONLY | os.O_APPEND)
    assert raised.value.filename == str(link)
    assert link.read_text() == "of another"


def test_no_link_is_followed_where_none_is_ever_meant_to_be(link: Path) -> None:
    """Whoever opens it."""
    with pytest.raises(OSError, match="A symbolic link"):
        opener_without_links(str(link), os.O_RDONLY)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """To read as well as to write."""
    for flags in (os.O_RDONLY, os.O_RDWR):
        with pytest.raises(IsADirectoryError):
            open_regular(tmp_path, flags)


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
def test_a_pipe_is_no_file_and_not_waited_for(tmp_path: Path, flags: int) -> None:
    """Opening it would block until somebody opens its other end."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        open_regular(tmp_path / "pipe", flags)


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which the system says in words that help nobody."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(OSError, match="Not a regular file"):
            open_regular(Path("socket"), os.O_RDWR)


def test_what_is_not_there_is_told_as_ever(tmp_path: Path) -> None:
    """For who makes it then."""
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "file", os.O_RDONLY)
