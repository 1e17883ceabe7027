"""What must be there before the tracker starts."""

import socket
from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from tracker.app.parts import CannotStart, prepare


def test_every_problem_is_told_at_once() -> None:
    """No keys and no port: both are said, and nothing stays open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        listeners = {"listen": [f"127.0.0.1:{port}"], "admin_listen": []}
        config = Config.model_validate({"tracker": listeners})
        with pytest.raises(CannotStart) as caught:
            prepare(config)
    assert len(caught.value.problems) == 2
    assert "keys.file is not set" in caught.value.problems[0]
    assert f"cannot listen on 127.0.0.1:{port}" in caught.value.problems[1]


def test_unusable_keys_are_told(tmp_path: Path) -> None:
    """The tracker does not start without keys: every link would be dead."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    file.chmod(0o644)
    listeners = {"listen": ["127.0.0.1:0"], "admin_listen": []}
    config = Config.model_validate({"tracker": listeners, "keys": {"file": str(file)}})
    with pytest.raises(CannotStart, match="can be read or changed by others"):
        prepare(config)
