"""Root runs commands on a store whose owner has put links in the place of its files.

That owner would gain a file of root's, or its content, by any command that follows such a link.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.loading.config_file import ConfigFile
from config.loading.load import load
from tests.support.as_root import NOBODY, run_each
from tests.support.clients.programs import free_port
from tests.support.commands import run
from tests.support.feeding import spool_message
from tests.support.stack import Stack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")

SECRET = "of-root-alone"
READER = "reader@example.net"
URL = "https://example.com/"
NOT_YET = "; one that only a single message had is known once it was clicked"


@dataclass
class Place:
    """A folder: `etc` is root's, `state` is nobody's, `root` holds what root must not lose."""

    folder: Path
    stack: Stack
    short: str

    @property
    def state(self) -> Path:
        """The folder of the store."""
        return self.folder / "state"

    @property
    def of_root(self) -> Path:
        """The folder to which links lead."""
        return self.folder / "root"

    def commands(self) -> list[list[str]]:
        """Return every command over the store, and over links."""
        message = self.folder / "message.eml"
        config = ["-c", str(self.stack.config)]
        return [
            ["report", *config],
            ["activity", *config, READER],
            ["clickers", *config, URL],
            ["export", *config],
            ["identify", *config, READER],
            ["link", *config, "--short", URL],
            ["decode", *config, self.short],
            ["consent", *config, READER, "anonymous"],
            ["consent", *config],
            ["revoke", "host", *config, "gone.example.com"],
            ["revoke", "list", *config],
            ["redirect", *config, "https://example.com/old", URL],
            ["purge", *config, "--older-than", "90d"],
            ["forget", *config, READER],
            ["explain", *config, str(message)],
            ["rewrite", *config, str(message)],
            ["check", *config],
            ["show", *config],
            ["tracker", *config],
            ["proxy", *config],
            ["serve", *config],
        ]

    @property
    def outputs(self) -> Path:
        """The folder for what commands print."""
        return self.folder / "outputs"


@pytest.fixture
def place() -> Iterator[Place]:
    """Furnish a Waypost whose store, with a message in it, is nobody's."""
    with tempfile.TemporaryDirectory(prefix="waypost-root-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for each in ("etc", "root", "state"):
            (folder / each).mkdir()
        stack = Stack(folder=folder / "etc", relay=free_port()).furnish()
        text = stack.config.read_text()
        text = text.replace(f"{stack.folder}/waypost.db", f"{folder}/state/waypost.db")
        stack.config.write_text(text)
        (folder / "message.eml").write_text("From: shop@example.com\n\nHello\n")
        spool_message(load(ConfigFile(stack.config), files=False), "spring", 1)
        short = run("link", "-c", stack.config, "--short", URL).strip()
        theirs(folder / "state")
        yield Place(folder, stack, short)


def theirs(path: Path) -> None:
    """Give nobody a folder, and all that is in it."""
    for each in (path, *path.rglob("*")):
        os.lchown(each, NOBODY, NOBODY)


def plant(place: Place, name: str, *, dangling: bool) -> None:
    """Put a link of nobody's in the place of a file or folder, to one of root's, or to none."""
    planted = place.state / name
    target = place.of_root / name.replace("/", "+")
    if name in FOLDERS:
        shutil.rmtree(planted, ignore_errors=True)
        target.mkdir()
        target.joinpath("file").write_text(f"{SECRET}\n")
    else:
        planted.unlink(missing_ok=True)
        if not dangling:
            target.write_text(f"{SECRET}\n")
            target.chmod(0o640)
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.symlink_to(target)


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return of all in a folder what it is, whose, and what is in it."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        of = path.lstat()
        content = (
            path.read_bytes()
            if stat.S_ISREG(of.st_mode)
            else sorted(each.name for each in path.iterdir())
        )
        found[str(path)] = (of.st_mode, of.st_uid, of.st_gid, of.st_ino, of.st_mtime_ns, content)
    return found


SPOOL = "waypost.db.spool"
PLANTED = {
    "database": ["waypost.db"],
    "beside databases": [
        *("waypost.db-wal", "waypost.db-shm", ".waypost.db.new"),
        *(".waypost.db.changing", ".waypost.db.opening"),
        *(".waypost.db.rewritten", ".waypost.db.upgraded", "waypost.db.moved"),
        *("waypost.db.journal", "waypost.db.journal-wal", "waypost.db.journal-shm"),
    ],
    "records": ["waypost.db.consents", "waypost.db.overrides", "waypost.db.shortlinks"],
    "copies and metrics": [
        *("waypost.db.consents.known", "waypost.db.overrides.known", "waypost.db.shortlinks.known"),
        f"{SPOOL}/quarantine",
        *(
            f"{SPOOL}/metrics/{process}.{suffix}"
            for process in ("proxy", "tracker", "serve")
            for suffix in ("prom", "new", "lock")
        ),
    ],
    "spool": [SPOOL],
    "in the spool": [
        f"{SPOOL}/ingester.lock",
        f"{SPOOL}/proxy-0000000001-10-00000000000000aa.log",
        f"{SPOOL}/.proxy-0000000001-10-00000000000000ab.log",
        f"{SPOOL}/quarantine/proxy-0000000001-10-00000000000000aa.log",
        f"{SPOOL}/metrics",
    ],
}
FOLDERS = {SPOOL, f"{SPOOL}/quarantine", f"{SPOOL}/metrics"}
MAKES_FILES = {"report", "link", "consent", "revoke", "redirect", "forget", "tracker", "proxy"}


def test_without_links_every_command_works(place: Place) -> None:
    """So it is for the links that one below does not."""
    failed = [each for each in run_each(place.commands(), place.outputs) if each.status]
    assert [(each.words[0], each.output) for each in failed] == [
        ("clickers", f'Error: no link "{URL}" is known{NOT_YET}\n'),
        ("identify", f"Error: nobody is known as {READER}\n"),
    ]
    assert {each.lstat().st_uid for each in place.state.rglob("*")} == {NOBODY}


@pytest.mark.parametrize("dangling", [False, True], ids=["to a file", "to none"])
@pytest.mark.parametrize("planted", PLANTED)
def test_links_in_place_of_files_lead_no_command_astray(
    place: Place, planted: str, *, dangling: bool
) -> None:
    """What is root's stays as it is, and is shown to nobody; the command says what is wrong, or works."""
    commands = place.commands()
    if dangling:
        commands = [words for words in commands if words[0] in MAKES_FILES]
    for name in PLANTED[planted]:
        plant(place, name, dangling=dangling)
    theirs(place.state)
    before = snapshot(place.of_root)
    for ran in run_each(commands, place.outputs):
        assert ran.status in {0, 1}, ran
        assert SECRET not in ran.output, ran
        assert "Traceback" not in ran.output, ran
        assert ran.status == 0 or "rror" in ran.output, ran
        assert snapshot(place.of_root) == before, ran
    assert {each.lstat().st_uid for each in place.state.rglob("*")} == {NOBODY}


def test_a_link_in_place_of_the_database_is_named(place: Place) -> None:
    """What SQLite says alone would have root look in the wrong place."""
    plant(place, "waypost.db", dangling=False)
    theirs(place.state)
    (ran,) = run_each([["report", "-c", str(place.stack.config)]], place.outputs)
    assert ran.status == 1
    assert f"waypost.db, a link to {place.of_root}/waypost.db, may not be read" in ran.output


def test_a_configuration_of_somebody_else_is_not_found_by_root(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root comes by, and calls `waypost report` there; read or not, it is said which file it is."""
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.chdir(place.state)
    here = place.state / "waypost.toml"
    shutil.copy2(place.stack.config, here)
    assert run_each([["report"]], place.outputs)[0].status == 0
    theirs(place.state)
    refused, named = run_each([["report"], ["report", "-c", str(here)]], place.outputs)
    assert refused.status == 1
    assert f"Configuration: {here}" in refused.output
    assert "belongs neither to you nor to root, but to nobody" in refused.output
    assert named.status == 0
