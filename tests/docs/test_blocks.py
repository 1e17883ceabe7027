"""What documents offer to be copied works: settings are settings, and commands run.

What a web server, systemd or another program is told is run where that program is: `tests/e2e/operations/test_behind_nginx.py` and others,
`tests/e2e/pages/test_published.py`, `tests/systemd/`.
"""

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from config.schema import Config
from tests.support import commands
from tests.support.blocks import Block, blocks, calls
from tests.support.clients.commands import LINKS, SENT_S, message, spooled
from tests.support.clients.commands import click as clicked
from tests.support.mail import html_message
from waypost import cli

STAYS = {"serve", "proxy", "tracker", "demo"}
"""They run until they are stopped; elsewhere."""
SHELL = [(block, command) for block in blocks("console") for command in block.commands]
CALLS = [(block, call) for block, command in SHELL for call in calls(command)]


def test_blocks_are_found() -> None:
    """Those of several commands, and of commands that go on in the next line, too."""
    assert len(blocks("toml")) > 10
    assert len(CALLS) > 15
    assert calls("(umask 077; waypost token add a > b) && /opt/waypost check | less") == [
        ["token", "add", "a"],
        ["check"],
    ]
    assert Block(Path(), 1, "console", "$ curl x \\\n    -d y\nanswer\n# z\n").commands == [
        "curl x      -d y",
        "z",
    ]


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_settings_are_settings(block: Block) -> None:
    """With values that they may have."""
    assert Config.model_validate(tomllib.loads(block.text)).model_fields_set


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    """Or a document in each line."""
    text = block.text.rstrip()
    lines = text.splitlines()
    documents = lines if all(line.endswith("}") for line in lines) else [text]
    assert all(json.loads(document) for document in documents)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_is_python(block: Block) -> None:
    """As far as it can be told without running it."""
    assert ast.parse(block.text).body


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Set Waypost up as the pages say, with mail and clicks, and stand where the commands are typed."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        commands.run("init", "etc", "--domain", "example.com")
        store = folder / "etc"
        spooled(store, *message(1, "spring", "reader@example.net"), clicked(1, 1, LINKS[0]))
        (folder / "message.eml").write_bytes(html_message('<a href="https://example.com/">a</a>'))
        (folder / "trace.jsonl").write_text(
            json.dumps(
                {
                    "type": "message",
                    "message_id": "1",
                    "sent_at_s": SENT_S,
                    "links": 1,
                    "recipients": 1,
                    "domain": "example.net",
                }
            )
        )
        yield folder


@pytest.mark.parametrize(
    ("block", "call"), CALLS, ids=lambda value: str(value) if isinstance(value, Block) else value[0]
)
def test_a_command_runs(house: Path, block: Block, call: list[str]) -> None:
    """One that knows nothing of what is asked says so; none is misunderstood."""
    arguments = [each.replace("/etc/waypost", str(house / "etc")) for each in call]
    names, options = command_of(arguments)
    rest = arguments[len(names) :]
    if names[0] in STAYS:
        rest = ["--help"]
    elif "-c" in options and not {"-c", "--config"} & set(rest):
        rest = ["-c", str(house / "etc" / "waypost.toml"), *rest]
    told = CliRunner().invoke(cli, [*names, *rest], input="secret words\n" * 2)
    assert told.exit_code in {0, 1}, f"{block}: {told.output}"
    assert told.exception is None or isinstance(told.exception, SystemExit)


def command_of(arguments: list[str]) -> tuple[list[str], set[str]]:
    """Return the names of the command that is called, and the options that it takes."""
    command: click.Command = cli
    names: list[str] = []
    while isinstance(command, click.Group):
        rest = arguments[len(names) :]
        if command.invoke_without_command and (not rest or rest[0].startswith("-")):
            break
        found = command.get_command(click.Context(command), arguments[len(names)])
        assert found is not None, f"there is no waypost {' '.join(arguments)}"
        names.append(arguments[len(names)])
        command = found
    return names, {option for each in command.params for option in each.opts}
