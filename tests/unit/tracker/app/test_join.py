"""Taking our name among nodes, before a process starts."""

import threading
from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.app.join import join
from tracker.app.parts import CannotStart, Parts, prepare
from tracker.nodes import joining

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"  # whoever runs tests has threads
)


def parts_of(folder: Path) -> Parts:
    """Return keys and open sockets."""
    file = folder / "of_parts.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    listeners = {"listen": ["127.0.0.1:0"], "admin_listen": []}
    return prepare(Config.model_validate({"tracker": listeners, "keys": {"file": str(file)}}))


def test_a_name_that_another_machine_has_is_refused(tmp_path: Path) -> None:
    """In its words, and nothing is listened on any more."""
    url = url_of_new_store()
    one, other = (node(tmp_path / folder, url, "a") for folder in ("one", "other"))
    parts = parts_of(tmp_path)
    join(one, parts.sockets)
    assert parts.public[0].fileno() >= 0
    with pytest.raises(CannotStart, match="another machine"):
        join(other, parts.sockets)
    assert parts.public[0].fileno() < 0


def test_whatever_goes_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it was in another process."""

    def fail(_config: Config) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(joining, "join", fail)
    with pytest.raises(CannotStart, match="a fault"):
        join(node(tmp_path, "postgresql:///w", "a"), parts_of(tmp_path).sockets)


def test_what_waits_for_a_database_listens_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the addresses of a service that is killed would be taken for as long as it waits."""
    parts = parts_of(tmp_path)

    def tell(_config: Config) -> None:
        raise RuntimeError(f"descriptor {parts.public[0].fileno()}")

    monkeypatch.setattr(joining, "join", tell)
    with pytest.raises(CannotStart, match="descriptor -1"):
        join(node(tmp_path, "postgresql:///w", "a"), parts.sockets)


def test_no_thread_is_left_that_waits_for_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that joined is to be forked; what its threads hold would be held for ever."""
    monkeypatch.setattr(joining, "JOIN_S", 0.1)
    monkeypatch.setattr(joining, "_begin", lambda _config: threading.Event().wait())
    before = threading.active_count()
    parts = parts_of(tmp_path)
    join(node(tmp_path, "postgresql:///w", "a"), parts.sockets)
    assert threading.active_count() == before
    parts.close()
