"""What commands say where the store or its spool fails."""

import errno
import json
import sqlite3
from functools import partial
from pathlib import Path

import click as cli
import pytest

from config.keys.secret_files import KeyFileError
from config.loading.load import load
from config.schema import Config
from tests.support.clients.commands import LINKS, SENT_S, click, output, run, spooled
from tracker.cli import common
from tracker.ingest.catch_up import catch_up
from tracker.minting import short_links
from tracker.minting.short_links import ShortLinks
from tracker.store.file import file_store
from tracker.tokens import BadToken, Link, mint


@pytest.mark.parametrize("name", ["report", "export", "activity", "clickers", "identify"])
def test_a_spool_that_is_no_folder_is_a_clear_error(folder: Path, name: str) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db.spool").write_bytes(b"no folder")
    result = run(folder, name, *(["x"] if name in ("activity", "clickers", "identify") else []))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Not a directory" in result.stderr


def test_a_spool_that_fails_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the disk has to say."""

    def fails(_config: Config, **_told: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(common, "catch_up", fails)
    result = run(folder, "report")
    assert (result.exit_code, "Input/output error" in result.stderr) == (1, True)


def test_report_while_another_process_writes(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers do not wait for writers; what cannot be fed is said, not hidden."""
    monkeypatch.setattr(common, "catch_up", partial(catch_up, patience_s=0.1))
    monkeypatch.setattr(file_store, "BUSY_TIMEOUT_MS", 50)
    output(filled, "report")
    other = sqlite3.connect(filled / "waypost.db")
    other.execute("BEGIN IMMEDIATE")
    spooled(filled, click(5, 1, LINKS[0]))
    result = run(filled, "report", "--json")
    other.close()
    assert result.exit_code == 0
    assert json.loads(result.stdout)["totals"]["clicks"]["all"] == 4
    assert "Not counted yet" in result.stderr
    assert "locked" in result.stderr


def test_report_on_a_malformed_store_is_a_clear_error(folder: Path) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db").write_bytes(b"not a database " * 1000)
    result = run(folder, "report", "--json")
    assert result.exit_code == 1
    assert "file is not a database" in result.stderr
    assert "Traceback" not in result.output


LINK = Link(bytes(range(8)), 1, 1, SENT_S, "https://example.com/")


@pytest.fixture
def config(folder: Path) -> Config:
    """Return the folder's configuration."""
    return load(folder / "waypost.toml")


def token(config: Config) -> str:
    """Mint a link with the key of a configuration."""
    return mint(common.keyring_of(config), LINK)


def test_a_store_is_open_with_what_the_spool_holds(filled: Path) -> None:
    """No answer is older than the question."""
    with common.current_store(load(filled / "waypost.toml")) as db:
        assert db["messages"].count == 2


def test_a_reader_who_has_enough_is_no_error(config: Config) -> None:
    """`waypost export | head`: click ends the command in silence."""
    with pytest.raises(BrokenPipeError), common.current_store(config):
        raise BrokenPipeError


def test_a_user_who_may_not_is_told_who_may(config: Config) -> None:
    """The files belong to the service."""
    refusal = pytest.raises(cli.ClickException, match="run as the user of the service")
    with refusal, common.current_store(config):
        raise PermissionError(errno.EACCES, "Permission denied", "waypost.db")


def test_a_link_is_read_in_full_and_by_its_code(config: Config) -> None:
    """With the keys of the configuration."""
    code = ShortLinks(config.store.file).add(token(config))
    for text in (token(config), f"https://t.example.com/s/{code}"):
        assert common.decoded_link(config, text).link == LINK


def test_what_is_no_link_is_the_callers_to_tell(config: Config) -> None:
    """Each command has its own words for that."""
    with pytest.raises(BadToken):
        common.decoded_link(config, "hello")


def test_without_keys_no_link_is_read(config: Config) -> None:
    """The file is named."""
    text = token(config)
    (config.store.path.with_name("token.keys")).unlink()
    with pytest.raises(KeyFileError, match=r"token\.keys"):
        common.decoded_link(config, text)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "codes"), "run as the user of the ser"),
        (
            OSError(errno.EIO, "Input/output error", "codes"),
            "cannot read codes: Input/output error",
        ),
    ],
)
def test_a_file_of_codes_that_cannot_be_read_is_a_clear_error(
    config: Config, error: OSError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever hinders it."""

    def fails(_store: Path) -> ShortLinks:
        raise error

    monkeypatch.setattr(short_links.ShortLinks, "load", fails)
    with pytest.raises(cli.ClickException, match=said):
        common.decoded_link(config, "https://t.example.com/s/x7Qm2Ab")
