"""`waypost nodes`: the machines that share a database, and what is wrong among them."""

import json
from pathlib import Path

import click.testing
import pytest

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import Config
from tests.support.nodes import exchange, node
from tests.support.postgresql import url_of_new_store
from tracker.cli.operations.nodes import nodes
from tracker.nodes.connecting import connected

TOML = """\
[store]
url = "{url}"
state = "{state}"
node = "{node}"
[keys]
file = "{keys}"
"""


@pytest.fixture
def two(tmp_path: Path) -> tuple[Config, Config]:
    """Return two nodes that share a database, and have said so."""
    url = url_of_new_store()
    configs = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    exchange(*configs, rounds=1)
    return configs


def run(config: Config, *arguments: str) -> click.testing.Result:
    """Run the command on a node."""
    store = config.store
    file = store.path.with_name("waypost.toml")
    about = {"url": store.url, "state": store.state, "node": store.node}
    file.write_text(TOML.format(keys=config.keys.file, **about))
    return click.testing.CliRunner().invoke(nodes, ["-c", str(file), *arguments])


def test_nodes_are_listed(two: tuple[Config, Config]) -> None:
    """With exit status 0 where all is well."""
    listed = run(two[0], "--json")
    assert listed.exit_code == 0
    found = json.loads(listed.stdout)
    assert [each["node"] for each in found["nodes"]] == ["a", "b"]
    assert found["problems"] == []
    assert run(two[0]).exit_code == 0


def test_a_silent_node_is_a_problem(two: tuple[Config, Config]) -> None:
    """It is named, with exit status 1."""
    with connected(two[0].store) as db:
        db.execute("UPDATE nodes SET seen_at_s = seen_at_s - 40 WHERE name = 'b'")
    listed = run(two[0])
    assert listed.exit_code == 1
    assert "b has not been heard for 4" in listed.stderr


def test_a_key_that_one_node_lacks_is_a_problem(two: tuple[Config, Config], tmp_path: Path) -> None:
    """Its links would be dead there."""
    own = tmp_path / "own.keys"
    write_token_keys(own, [new_token_key()])
    keys = two[1].keys.model_copy(update={"file": own})
    exchange(two[1].model_copy(update={"keys": keys}), rounds=1)
    listed = run(two[0], "--json")
    assert listed.exit_code == 1
    assert len(json.loads(listed.stdout)["problems"]) == 2


def test_a_lost_node_is_given_up(two: tuple[Config, Config]) -> None:
    """Once; then nobody of that name is known."""
    assert run(two[0], "forget", "b").exit_code == 0
    assert run(two[0], "forget", "b").exit_code == 1
    assert [each["node"] for each in json.loads(run(two[0], "--json").stdout)["nodes"]] == ["a"]


def test_the_configuration_is_named_before_or_behind_the_command(
    two: tuple[Config, Config],
) -> None:
    """As people write it; the later one is taken."""
    assert run(two[0]).exit_code == 0  # writes the file
    file = str(two[0].store.path.with_name("waypost.toml"))
    behind = click.testing.CliRunner().invoke(nodes, ["forget", "b", "-c", file])
    assert behind.exit_code == 0
    both = ["-c", "/nothing", "forget", "b", "-c", file]
    assert "there is no node b" in click.testing.CliRunner().invoke(nodes, both).stderr


def test_with_sqlite_there_is_one_machine(tmp_path: Path) -> None:
    """Nothing is wrong with that; but none can be given up."""
    config = node(tmp_path, f"sqlite:///{tmp_path}/one/waypost.db", "one")
    file = tmp_path / "waypost.toml"
    file.write_text(f'[store]\nurl = "{config.store.url}"\n')
    for arguments, status in ((["--json"], 0), ([], 0), (["forget", "one"], 1)):
        done = click.testing.CliRunner().invoke(nodes, ["-c", str(file), *arguments])
        assert done.exit_code == status


def test_where_the_database_is_gone_it_is_told(tmp_path: Path) -> None:
    """In one line."""
    gone = node(tmp_path, f"postgresql:///w?host={tmp_path}", "a")
    listed = run(gone)
    assert listed.exit_code == 1
    assert "the database cannot be asked" in listed.stderr
