"""Commands that write something down say on how many nodes it is in force."""

from pathlib import Path

import pytest

from config.schema import Config
from tests.support.commands import run
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.nodes import spread
from tracker.nodes.connecting import connected
from tracker.nodes.sharing import Exchange

NOBODY = "In force on 0 of 2 nodes; a has not said so yet, b has not said so yet."
COMMANDS = [
    ("revoke", "host", "one.test"),
    ("redirect", "https://one.test/", "https://two.test/"),
    ("consent", "ann@example.org", "none"),
    ("token", "add", "crm", "--scope", "figures"),
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration of one of two nodes; commands wait for nobody."""
    monkeypatch.setattr(spread, "PATIENCE_S", 0.0)
    url = url_of_new_store()
    one, other = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    for each in (one, other):
        hear(each)
    path = tmp_path / "waypost.toml"
    store = f'[store]\nurl = "{url}"\nstate = "{one.store.state}"\nnode = "a"\n'
    path.write_text(f'{store}[keys]\nfile = "{one.keys.file}"\n')
    return path


def hear(config: Config) -> None:
    """Have a node send what it knows, hear what others said, and say so."""
    with connected(config.store) as db:
        exchange = Exchange(db, config)
        exchange.begin()
        exchange.round(config)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_it_is_said_and_the_exit_status_goes_by_it_on_demand(
    file: Path, command: tuple[str, ...]
) -> None:
    """Whoever has to be sure asks for all nodes."""
    assert NOBODY in run(*command, "-c", file)
    again = [each.replace("crm", "cms") for each in command]
    assert NOBODY in run(*again, "--everywhere", "-c", file, status=1)


def test_a_token_that_is_revoked_is_told_likewise(file: Path) -> None:
    """It opens nothing on nodes that have heard of it."""
    run("token", "add", "crm", "--scope", "figures", "-c", file)
    assert f"Token crm: revoked. {NOBODY}" in run("token", "revoke", "crm", "-c", file)


def test_what_is_only_shown_is_in_force_nowhere_new(file: Path) -> None:
    """Nobody is asked, and nothing else is said."""
    said = run("consent", "ann@example.org", "--everywhere", "-c", file)
    assert said == "ann@example.org: full (never said)\n"
