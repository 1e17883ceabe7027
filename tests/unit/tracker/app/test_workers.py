"""The tracker in one process or in several; as several it is tested with real clicks (`tests/e2e/clicks`)."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from config.service import systemd
from tracker.app import workers
from tracker.app.app import THE_ONLY, Process
from tracker.app.in_force import InForce
from tracker.app.parts import prepare


@pytest.fixture
def in_force(tmp_path: Path) -> Iterator[InForce]:
    """Begin with both listeners."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    listeners = {"listen": ["127.0.0.1:0"], "admin_listen": ["127.0.0.1:0"]}
    config = Config.model_validate({"tracker": listeners, "keys": {"file": str(file)}})
    parts = prepare(config)
    yield InForce(config, parts)
    parts.close()


def test_one_process_has_no_parent(in_force: InForce) -> None:
    """The caller does all of the work, and systemd hears from it."""
    worked: list[tuple[Process, Callable[[], object]]] = []
    status = workers.run(in_force, THE_ONLY, lambda *each: worked.append(each), lambda: None)
    assert status == 0
    assert worked == [(THE_ONLY, systemd.ready)]


def test_all_listen_to_readers_and_one_to_operators(in_force: InForce) -> None:
    """A socket that another held as well would take requests for pages that it has not."""
    with socket.create_server(("127.0.0.1", 0)) as mail:
        first, *others = workers._shares(in_force, 3, [mail])
    parts = in_force.parts
    assert list(first) == [*parts.public, *parts.admin, mail]
    assert [list(share) for share in others] == [list(parts.public)] * 2
