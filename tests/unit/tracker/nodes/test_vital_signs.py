"""What a machine says of itself."""

import os
import time
from pathlib import Path

from config.keys.token_keys import read_token_keys
from config.schema import Config
from config.telemetry import exposition
from tests.support.nodes import node
from tests.support.waiting import until
from tracker.ingest.lock import Lock
from tracker.ingest.trouble import Trouble
from tracker.nodes import vital_signs


def config(tmp_path: Path) -> Config:
    """Return a node with keys and a folder."""
    return node(tmp_path, "postgresql:///w", "a")


def test_services_that_run_here_are_named(tmp_path: Path) -> None:
    """By the metrics that they write, each once; and that which all of this is done for."""
    here = config(tmp_path)
    directory = exposition.directory_of(here.store.spool_dir)
    with exposition.published(directory, "proxy-0"), exposition.published(directory, "proxy-1"):
        until(lambda: len(list(directory.glob("*.prom"))) == 2)
        assert vital_signs.look(here, {}, 0, 0.0).roles == ("proxy",)
        assert vital_signs.look(here, {}, 0, 0.0, "tracker").roles == ("proxy", "tracker")
    assert vital_signs.look(here, {}, 0, 0.0).roles == ()


def test_a_service_that_was_killed_is_named_no_more(tmp_path: Path) -> None:
    """Its metrics are there still, and are old."""
    here = config(tmp_path)
    directory = exposition.directory_of(here.store.spool_dir)
    directory.mkdir(parents=True)
    left = directory / "proxy.prom"
    left.touch()
    assert vital_signs.look(here, {}, 0, 0.0).roles == ("proxy",)
    old_s = time.time() - 2 * exposition.STALE_S
    os.utime(left, (old_s, old_s))
    assert vital_signs.look(here, {}, 0, 0.0).roles == ()


def test_what_was_not_counted_yet_is_told(tmp_path: Path) -> None:
    """In octets, of all segments."""
    here = config(tmp_path)
    here.store.spool_dir.mkdir()
    names = [f"tracker-0000000001-{number}-{number:016x}.log" for number in (1, 2)]
    for name in names:
        (here.store.spool_dir / name).write_bytes(bytes(100))
    assert vital_signs.look(here, {names[0]: 60}, 0, 0.0).backlog_octets == 140


def test_room_for_events_to_come_does_not_wait_to_be_counted(tmp_path: Path) -> None:
    """Blanks behind the records of a segment."""
    here = config(tmp_path)
    here.store.spool_dir.mkdir()
    name = f"proxy-0000000001-1-{1:016x}.log"
    (here.store.spool_dir / name).write_bytes(b"x" * 100 + b" " * 100_000)
    assert vital_signs.look(here, {name: 60}, 0, 0.0).backlog_octets == 40
    assert vital_signs.look(here, {name: 100}, 0, 0.0).backlog_octets == 0


def test_segments_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """As whoever feeds the store tells others on this machine."""
    here = config(tmp_path)
    lock = Lock(here.store.spool_dir)
    assert lock.acquire()
    lock.tell(Trouble(unreadable={"one.log": "Input/output error"}))
    assert vital_signs.look(here, {}, 0, 0.0).unreadable == 1
    lock.release()
    assert vital_signs.look(here, {}, 0, 0.0).unreadable == 0


def test_keys_are_told_by_fingerprints(tmp_path: Path) -> None:
    """Of which nothing of the key can be read."""
    here = config(tmp_path)
    assert here.keys.file is not None
    (key,) = read_token_keys(here.keys.file)
    said = vital_signs.look(here, {}, 0, 0.0)
    assert said.keys == (said.mints,) == (vital_signs.fingerprint(key),)
    assert key.secret.hex() not in repr(said)


def test_a_service_that_may_not_read_keys_has_none(tmp_path: Path) -> None:
    """It makes no links."""
    here = config(tmp_path)
    assert here.keys.file is not None
    here.keys.file.unlink()
    said = vital_signs.look(here, {}, 0, 0.0)
    assert (said.keys, said.mints) == ((), None)
