"""`waypost redirect`: what may be repaired, and what is said about it."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.state import beside
from tracker.cli.decisions.overrides import redirect
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Decision, decision
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.spool.writer import Spool

ONE, TWO = "https://a.test/", "https://b.test/"
CONFIG = """\
[store]
url = "sqlite:///{folder}/waypost.db"
[tracking]
url_params = {{utm_source = "mail"}}
identify = {{param = "wp_id", hosts = ["shop.test"]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a configuration; no key is needed."""
    (tmp_path / "waypost.toml").write_text(CONFIG.format(folder=tmp_path))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    """Run `waypost redirect …` with the folder's configuration."""
    return CliRunner().invoke(redirect, ["-c", str(folder / "waypost.toml"), *arguments])


def made(folder: Path) -> tuple[Decision, ...]:
    """Return the decisions that stand in the file."""
    return DECISIONS.read(DECISIONS.file_of(beside(folder / "waypost.db"))).records


def send(folder: Path, *destinations: str) -> None:
    """Note mail to two readers, so that the store keeps its links."""
    spool = Spool.open(folder / "waypost.db.spool", "proxy")
    links = tuple(
        SentLink(number, url, None, "text") for number, url in enumerate(destinations, start=1)
    )
    for message in ("01" * 8, "02" * 8):
        spool.append(
            MessagePending(
                message, time.time(), "example.com", "sale", shared=False,
                recipients=(Recipient(1, "reader@example.net"),), links=links,
            )
        )  # fmt: skip
        spool.append(MessageAccepted(message, time.time(), (1,)))
    spool.close()


def test_a_destination_is_repaired_and_restored(folder: Path) -> None:
    """With what Waypost adds today noted beside it."""
    old, new = "https://example.com/Old?a=1#b", "https://example.com/new"
    assert run(folder, old, new).exit_code == 0
    assert run(folder, old, "--undo").exit_code == 0
    repaired, restored = made(folder)
    assert (repaired.action, repaired.value, repaired.to) == ("redirect", old, new)
    assert (repaired.params, repaired.ids) == (("utm_source",), ("wp_id",))
    assert (restored.action, restored.kind, restored.value) == ("restore", "destination", old)


def test_a_readers_own_parameters_are_noted_with_the_decision(folder: Path) -> None:
    """No database is asked when somebody clicks, and no later configuration."""
    assert run(folder, "https://a.test/?uid=1", TWO).exit_code == 0
    (repaired,) = made(folder)
    assert {"?uid", "?email"} <= set(repaired.personal)
    assert {"?wp_id", "?utm_source"}.isdisjoint(repaired.personal)
    refused = run(folder, "https://a.test/x?uid=1", "https://a.test/x")
    assert (refused.exit_code, "only in what is each reader's own" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("example.com", "https://example.com/"),
        ("https://example.com/", "javascript:alert(1)"),
        ("https://example.com/", "https://example.com/"),
        ("https://example.com/\udce9", "https://example.com/"),
        ("https://example.com/", "--undo"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    """Exit 1 with one clear line, and no decision made; nothing can be taken back twice."""
    done = run(folder, *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert made(folder) == ()


@pytest.mark.parametrize("back", [ONE, f"{ONE}?utm_source=mail"])
def test_a_circle_is_refused(folder: Path, back: str) -> None:
    """A to B and B to A would lead nowhere."""
    assert run(folder, ONE, TWO).exit_code == 0
    done = run(folder, TWO, back)
    assert (done.exit_code, "in a circle" in done.stderr) == (1, True)
    assert len(made(folder)) == 1


def test_a_circle_with_what_only_the_copy_knows_is_refused(folder: Path) -> None:
    """The file has lost it, and it is in force."""
    DECISIONS.remember(
        beside(folder / "waypost.db"), (decision("redirect", "destination", ONE, to=TWO),)
    )
    assert run(folder, TWO, ONE).exit_code == 1


@pytest.mark.parametrize("words", [(ONE,), (ONE, TWO, "--undo")])
def test_redirect_wants_a_new_url_or_undo(folder: Path, words: tuple[str, ...]) -> None:
    """Exit 2 tells of wrong usage."""
    assert run(folder, *words).exit_code == 2


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    """Exit 1 with one clear line."""
    DECISIONS.file_of(beside(folder / "waypost.db")).mkdir()
    done = run(folder, ONE, TWO)
    assert (done.exit_code, done.stderr.startswith("Error: cannot read")) == (1, True)


@pytest.mark.parametrize(
    ("sent", "old"),
    [
        ("https://a.test/typo?utm_source=mail", "https://a.test/typo"),
        ("https://a.test/typo?utm_source=mail", "https://a.test/typo?utm_source=mail"),
        ("https://a.test/typo", "https://a.test/typo?utm_source=mail&wp_id=4711"),
        ("https://a.test/typo?b=1&utm_source=mail#c", "https://a.test/typo?token=7&b=1#c"),
    ],
    ids=["as written", "as sent", "what the store leaves out", "what varies"],
)
def test_a_link_that_is_known_needs_no_hint(folder: Path, sent: str, old: str) -> None:
    """The database has URLs as they were sent, without what varies by reader."""
    send(folder, sent)
    done = run(folder, old, "https://a.test/right")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "old", ["https://a.test/typos", "https://a.test/typo?b", "https://a.test/Typo"]
)
def test_a_link_that_nobody_knows_is_told(folder: Path, old: str) -> None:
    """A hint, no failure: links that nobody clicked may be unknown."""
    send(folder, "https://a.test/typo?utm_source=mail")
    done = run(folder, old, "https://a.test/right")
    assert (done.exit_code, "knows no such link" in done.stderr) == (0, True)
    assert len(made(folder)) == 1


def test_a_lost_store_hinders_no_repair(folder: Path) -> None:
    """Whether the link is known cannot be said, that is all."""
    (folder / "waypost.db").write_bytes(b"nonsense" * 1000)
    done = run(folder, ONE, TWO)
    assert (done.exit_code, "cannot be said" in done.stderr) == (0, True)
    assert len(made(folder)) == 1
