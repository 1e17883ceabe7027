"""Names, links and agents that an attacker chose, in what the commands print."""

import csv
import dataclasses
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from config.keys import token_keys
from tests.support.clients.commands import LINKS, SENT_S, click, output, run, spooled
from tests.support.hostile import FORMULA, TITLE, hostile_text, obeyed
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.events import Event, MessageAccepted, MessagePending, Recipient, SentLink

PERSON = "ann@example.org"


def events(text: str) -> Iterator[Event]:
    """Return a message to two and their clicks, of which all that others choose is `text`."""
    message_id = f"{1:016x}"
    yield MessagePending(
        *(message_id, SENT_S, "example.com", text),
        shared=False,
        recipients=(Recipient(1, PERSON), Recipient(2, text)),
        links=(SentLink(1, LINKS[0].url, text, "A"),),
    )
    yield MessageAccepted(message_id, SENT_S, (1, 2))
    yield click(1, 1, LINKS[0], user_agent=text)
    yield dataclasses.replace(click(2, 1, LINKS[0], user_agent=text), recipient=2)


@contextmanager
def furnished(text: str) -> Iterator[Path]:
    """Yield a folder whose store knows `text` in every place."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
        (folder / "waypost.toml").write_text(
            f'[store]\nurl = "sqlite:///{folder}/waypost.db"\n[keys]\nfile = "token.keys"\n'
        )
        spooled(folder, *events(text))
        yield folder


@given(hostile_text)
@settings(max_examples=15)
def test_no_command_prints_a_control(text: str) -> None:
    """In any form but CSV, which is exact; whatever stands in the store."""
    with furnished(text) as folder:
        if text.strip():
            files.record(beside(folder / "waypost.db"), text, Consent.NONE)
        for command in (
            ("report",),
            ("report", "--json"),
            ("report", "--opens"),
            ("activity", PERSON),
            ("activity", "--json", "--", text),
            ("clickers", "--", text),
            ("export",),
            ("consent",),
            ("consent", "--json"),
        ):
            assert obeyed(run(folder, *command).stdout) == set()  # some names are not known


@given(hostile_text)
@settings(max_examples=15)
def test_export_is_read_back_as_it_came(text: str) -> None:
    """JSON exactly, CSV exactly where it is raw, else up to an apostrophe."""
    with furnished(text) as folder:
        told, _ = map(json.loads, output(folder, "export").splitlines())
        raw, _ = rows(output(folder, "export", "--csv", "--raw"))
        safe, _ = rows(output(folder, "export", "--csv"))
    assert (raw["user_agent"], raw["campaign"]) == (told["user_agent"], told["campaign"] or "")
    assert told["user_agent"] == text
    assert safe["user_agent"] in {text, f"'{text}"}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in safe.values())


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of CSV."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def cells(text: str) -> set[str]:
    """Return all cells of CSV, in lower case."""
    return {cell.lower() for row in rows(text) for cell in row.values()}


@pytest.mark.parametrize("command", [("report",), ("activity", PERSON), ("clickers", FORMULA)])
def test_every_listing_makes_text_of_formulas(command: tuple[str, ...]) -> None:
    """And with `--raw` leaves them as they are."""
    with furnished(FORMULA) as folder:
        safe = cells(output(folder, *command, "--csv"))
        raw = cells(output(folder, *command, "--csv", "--raw"))
    formula = FORMULA.lower()  # as an address it is normalized
    assert f"'{formula}" in safe
    assert formula not in safe
    assert formula in raw


def test_a_title_is_shown_to_people() -> None:
    """It names the campaign, and sets no title."""
    with furnished(TITLE) as folder:
        assert r"\u001b]0;owned\u0007" in output(folder, "report")
