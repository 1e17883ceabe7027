"""What a machine says of itself."""

from pathlib import Path

from config.keys.token_keys import read_token_keys
from config.schema import Config
from config.telemetry import exposition
from tests.support.nodes import node
from tracker.nodes import vital_signs


def config(tmp_path: Path) -> Config:
    """Return a node with keys and a folder."""
    return node(tmp_path, "postgresql:///w", "a")


def test_services_that_run_here_are_named(tmp_path: Path) -> None:
    """By the metrics that they write."""
    here = config(tmp_path)
    directory = exposition.directory_of(here.store.spool_dir)
    with exposition.published(directory, "tracker"):
        while not list(directory.glob("*.prom")):
            pass
        assert vital_signs.look(here, {}, 0, 0.0).roles == ("tracker",)
    assert vital_signs.look(here, {}, 0, 0.0).roles == ()


def test_what_was_not_counted_yet_is_told(tmp_path: Path) -> None:
    """In octets, of all segments."""
    here = config(tmp_path)
    here.store.spool_dir.mkdir()
    names = [f"tracker-0000000001-{number}-{number:016x}.log" for number in (1, 2)]
    for name in names:
        (here.store.spool_dir / name).write_bytes(bytes(100))
    assert vital_signs.look(here, {names[0]: 60}, 0, 0.0).backlog_octets == 140


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
