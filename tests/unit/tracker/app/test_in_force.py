"""What a tracker goes by: all of a new configuration, or nothing of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.keys import token_keys
from config.schema import Config
from tracker.app.in_force import InForce
from tracker.app.parts import prepare
from tracker.redirect import well_known
from tracker.tokens import Keyring, Link, mint, read


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return a configuration with a key, a certificate and a list of networks."""
    token_keys.write_token_keys(tmp_path / "token.keys", [token_keys.new_token_key()])
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    (tmp_path / "tls.pem").chmod(0o600)
    (tmp_path / "networks").write_text("192.0.2.0/24 scanner Filter\n")
    return {
        "tracker": {
            "listen": ["127.0.0.1:0"],
            "admin_listen": [],
            "tls_cert": str(tmp_path / "tls.pem"),
        },
        "clicks": {"networks": str(tmp_path / "networks")},
        "store": {"url": f"sqlite:///{tmp_path}/waypost.db"},
        "keys": {"file": str(tmp_path / "token.keys")},
    }


@contextlib.contextmanager
def begun(tables: dict[str, dict[str, Any]]) -> Iterator[InForce]:
    """Begin with a configuration; its sockets are closed when the block ends."""
    config = Config.model_validate(tables)
    parts = prepare(config)
    try:
        yield InForce(config, parts)
    finally:
        parts.close()


def test_a_worker_that_begins_later_needs_no_file_of_the_configuration(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """What was made of them is kept: the others go by it, too."""
    with begun(tables) as in_force:
        rules, context = in_force.rules, in_force.parts.tls
        for name in ("networks", "tls.pem", "token.keys"):
            (tmp_path / name).unlink()
        in_force.refresh()
        assert (in_force.rules, in_force.parts.tls) == (rules, context)
        assert in_force.parts.keys().ring


def test_a_worker_that_begins_later_knows_the_keys_of_now(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """From its first click on: a link that was made with a new one is not dead for a second."""
    file = tmp_path / "token.keys"
    with begun(tables) as in_force:
        old = token_keys.read_token_keys(file)
        keys = [*old, token_keys.new_token_key(old)]
        token_keys.write_token_keys(file, keys, replace=True)
        link = Link(b"12345678", 1, 1, 1_800_000_000, "https://example.com/")
        in_force.refresh()
        assert read(in_force.parts.keys().ring, mint(Keyring(keys), link)) == link


def test_what_is_read_again_is_in_force(tables: dict[str, dict[str, Any]]) -> None:
    """What takes a restart stays, and is named."""
    with begun(tables) as in_force:
        tables["privacy"] = {"ip": "none"}
        tables["tracker"]["workers"] = 3
        assert in_force.reload(lambda: Config.model_validate(tables)) == ["tracker.workers"]
        assert in_force.rules.ip_privacy == in_force.config.privacy.ip == "none"
        assert in_force.config.tracker.workers == 1


def test_what_cannot_be_used_changes_nothing(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Whichever file it is; the error says why."""
    with begun(tables) as in_force:
        before = in_force.config, in_force.rules, in_force.well_known
        tables["privacy"] = {"ip": "none"}
        (tmp_path / "tls.pem").write_text("this is no certificate")
        with pytest.raises((OSError, ValueError)):
            in_force.reload(lambda: Config.model_validate(tables))
        (tmp_path / "networks").unlink()
        with pytest.raises(FileNotFoundError):
            in_force.reload(lambda: Config.model_validate(tables))
        assert (in_force.config, in_force.rules, in_force.well_known) == before


def test_files_for_phones_are_read_at_the_start(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """As at each reload."""
    (tmp_path / "links").write_text("[]")
    tables["tracker"]["well_known"] = [{"assetlinks": str(tmp_path / "links")}]
    with begun(tables) as in_force:
        assert in_force.well_known("any.example.com", well_known.ANDROID) == b"[]"
