"""Every command that asks the store, or changes it, says the same of the same events whatever engine holds it."""

import contextlib
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.checks.random_history import PEOPLE, history
from tests.support.clients.commands import SENT_S, run, spooled
from tests.support.details import handled
from tests.support.postgresql import url_of_new_store
from tests.support.receiver import secret_file
from tracker.sql.postgresql import connect
from tracker.store.server import lineage

READER = PEOPLE[0].address
PERIOD = ("--since", "2023-11-15", "--until", "2023-11-17")
QUESTIONS: Sequence[tuple[str, ...]] = (
    *(("report", *form) for form in ((), ("--json",), ("--csv",))),
    *(("report", *more, "--json") for more in (PERIOD, ("--campaign", "news"), ("--opens",))),
    *(("report", "--campaign", "news", *PERIOD, "--csv"), ("report", "--opens", "--csv")),
    *(("report", "--by", by, "--json") for by in ("link", "group", "day", "hour", "sender")),
    *(("report", "--by", "recipient-domain", "--csv"), ("report", "--by", "day", *PERIOD)),
    *(("export",), ("export", "--csv"), ("export", *PERIOD), ("export", "--campaign", "sale")),
    *(("export", "--after", "9"), ("clickers", "--json"), ("clickers", "--all", "--csv")),
    *(("clickers", "--campaign", "news"), ("activity", READER, "--json"), ("activity", "reader2@Example.NET")),
    *(("activity", "nobody@example.net"), ("message", "<1@example.com>"), ("message", "4Fk2", "--json")),
    *(("identify", "nobody"), ("webhook list", "--json"), ("reclassify", "--dry-run", "--json")),
)  # fmt: skip
_NEXT = re.compile(r'"next_at": "[^"]*"')
HOOK = """
[clicks.points]
no-html = 200
[[webhook]]
name = "crm"
url = "https://example.com/"
secret_file = "hook.secret"
settle = "0s"
"""


@pytest.fixture
def both(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two folders with the same configuration and the same events, and a store of each engine."""
    other = tmp_path_factory.mktemp("server")
    text = (folder / "waypost.toml").read_text()
    (folder / "waypost.toml").write_text(text + HOOK)
    store = f'url = "{_of_a_store_numbered_from_1()}"\nstate = "{other}"\nnode = "a"\nhold = "0s"'
    alone = f'url = "sqlite:///{folder}/waypost.db"'
    (other / "waypost.toml").write_text(text.replace(alone, store) + HOOK)
    (other / "token.keys").write_bytes((folder / "token.keys").read_bytes())
    (other / "token.keys").chmod(0o600)
    events = [*history(random.Random(7), SENT_S, messages=30), handled(1)]
    for each in (folder, other):
        secret_file(each)
        spooled(each, *events)
    return folder, other


def _of_a_store_numbered_from_1() -> str:
    """Return the url of a store on a server whose clicks are numbered as those in a file (`server.lineage`)."""
    url = url_of_new_store()
    with contextlib.closing(connect(url)) as db:
        lineage.attend(db)
        db.execute("UPDATE last_numbers SET number = 0 WHERE name = 'arrivals'")
    return url


def said(folder: Path, *words: str) -> tuple[int, str]:
    """Return the exit status of a command, and what it prints, less when a webhook is told next."""
    done = run(folder, *words)
    told = _NEXT.sub("", done.output.replace(str(folder), "FOLDER"))
    return done.exit_code, told


def test_whatever_is_asked_is_answered_alike(both: tuple[Path, Path]) -> None:
    """Before and after clicks are judged anew, webhooks tried again, a person forgotten, and old mail purged."""
    changes: Sequence[tuple[str, ...]] = (
        (),
        ("reclassify", "--notify", "--json"),
        ("webhook retry", "crm"),
        ("forget", READER, "--json"),
        ("purge", "--older-than", "1d", "--insist"),
    )
    for change in changes:
        for words in (change, *QUESTIONS) if change else QUESTIONS:
            ours, theirs = (said(folder, *words) for folder in both)
            assert theirs == ours, (change, words)
    assert said(both[0], "export")[1] == ""
