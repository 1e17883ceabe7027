"""A store is moved to PostgreSQL while its tracker answers links: no reader waits for it, no click is lost."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, free_port, waypost
from tests.support.postgresql import url_of_new_store
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until
from tracker.sql.postgresql import WRITING, connect
from tracker.store.file import moved

WITHIN_S = 60.0


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost whose store is a file; nothing of it runs yet."""
    return Links(Stack(folder=tmp_path / "waypost", relay=free_port()).furnish())


def copying(links: Links, url: str) -> "subprocess.Popen[bytes]":
    """Begin to copy its store."""
    source = f"sqlite:///{links.stack.database}"
    command = [WAYPOST, "store", "copy", source, url, "--node", "a"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@contextlib.contextmanager
def held_up(url: str) -> Iterator[None]:
    """Keep everybody from writing to a database, as a node that takes long with its turn."""
    with contextlib.closing(connect(url)) as db, db.alone(WRITING):
        yield


def name_the_server(links: Links, url: str) -> None:
    """Change the configuration as the page says."""
    text, folder = links.stack.config.read_text(), links.stack.folder
    before = f'url = "sqlite:///{links.stack.database}"'
    assert before in text
    after = f'url = "{url}"\nstate = "{folder}"\nnode = "a"'
    links.stack.config.write_text(text.replace(before, after))


def test_clicks_during_a_copy_are_answered_and_counted_at_the_new_place(links: Links) -> None:
    """Also where the copy is killed, and run again; and those between its end and the new start."""
    url = url_of_new_store()
    with links.stack.serving("tracker"):
        clicks = [links.click() for _ in range(10)]
        until(lambda: len(links.counted()) == 10, WITHIN_S)
        for ends in ("killed", "done"):
            with held_up(url):
                copy = copying(links, url)
                until(lambda: moved.find(links.stack.database) is not None, WITHIN_S)
                clicks += [links.click() for _ in range(10)]
                if ends == "killed":
                    copy.kill()
                    assert copy.wait(WITHIN_S) == -signal.SIGKILL
            said = copy.communicate(timeout=WITHIN_S)[0].decode()
        assert copy.returncode == 0, said
        clicks += [links.click() for _ in range(10)]
        report = waypost("report", "-c", links.stack.config)
        assert b"Not counted yet: " in report.stderr
        assert f"is being copied to {url}, or was".encode() in report.stderr
        assert len(links.counted()) == 10
    name_the_server(links, url)
    with links.stack.serving("tracker"):
        clicks += [links.click() for _ in range(10)]
        until(lambda: len(links.counted()) == len(clicks), WITHIN_S)
        assert sorted(links.counted()) == sorted(clicks)


def test_a_copy_that_is_refused_leaves_the_store_to_its_tracker(links: Links) -> None:
    """It counts as before."""
    with links.stack.serving("tracker"):
        links.click()
        until(lambda: len(links.counted()) == 1, WITHIN_S)
        refused = copying(links, f"postgresql:///w?host={links.stack.folder}")
        refused.communicate(timeout=WITHIN_S)
        assert refused.returncode == 1
        links.click()
        until(lambda: len(links.counted()) == 2, WITHIN_S)


def test_whoever_goes_on_with_the_file_deletes_what_says_otherwise(links: Links) -> None:
    """Then what waited is counted there; commands refuse to change it until then."""
    with links.stack.serving("tracker"):
        clicks = [links.click()]
        until(lambda: len(links.counted()) == 1, WITHIN_S)
        copy = copying(links, url_of_new_store())
        copy.communicate(timeout=WITHIN_S)
        assert copy.returncode == 0
        clicks.append(links.click())
        refused = waypost("forget", "ann@example.org", "-c", links.stack.config)
        assert refused.returncode == 1
        assert b"is being copied to" in refused.stderr
        moved.mark_of(links.stack.database).unlink()
        until(lambda: sorted(links.counted()) == sorted(clicks), WITHIN_S)
