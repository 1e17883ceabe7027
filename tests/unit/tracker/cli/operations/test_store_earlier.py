"""`waypost store copy` of what earlier versions left behind."""

from pathlib import Path

import click.testing
import pytest

from tests.support.clients.commands import output
from tests.support.earlier_installations import EVERY, put
from tests.support.postgresql import cluster
from tracker.cli.operations.store import store_group

QUESTIONS = (
    *(("report", "--json"), ("report", "--csv"), ("report",), ("report", "--opens", "--json")),
    *(("report", "--by", by, "--json") for by in ("link", "day", "hour", "sender")),
    *(("export",), ("export", "--csv"), ("clickers", "--json"), ("clickers", "--all", "--csv")),
)


def said(folder: Path) -> dict[tuple[str, ...], str]:
    """Return what commands say of a store, once all that waits in the spool was counted."""
    return {words: output(folder, *words) for words in QUESTIONS}


@pytest.mark.parametrize("name", EVERY)
def test_commands_say_the_same_at_the_new_place(name: str, tmp_path: Path) -> None:
    """Octet for octet, once the store was brought up to date; and nothing of the spool is counted twice."""
    stack, facts = put(name, tmp_path / "waypost")
    told = said(stack.folder)
    assert len(told["export",].splitlines()) == facts.clicks
    url = cluster().url(cluster().new())
    words = ["copy", f"sqlite:///{stack.database}", url, "--node", "a"]
    done = click.testing.CliRunner().invoke(store_group, words)
    assert done.exit_code == 0, done.output
    store = f'url = "{url}"\nstate = "{stack.folder}"\nnode = "a"'
    alone = f'url = "sqlite:///{stack.database}"'
    stack.config.write_text(stack.config.read_text().replace(alone, store))
    stack.database.unlink()
    assert said(stack.folder) == told
