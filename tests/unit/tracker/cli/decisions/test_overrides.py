"""`waypost revoke`: what may be decided, and what is said about it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.schema import StateFile
from tests.support.state import beside
from tracker.cli.decisions.overrides import revoke
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import decision
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.minting.short_links import ShortLinks
from tracker.spool.writer import Spool
from tracker.tokens import Keyring, Link, mint

MESSAGE = "0102030405060708"


def run(folder: Path, command: str, *arguments: str) -> Result:
    """Run `waypost revoke COMMAND …` with the folder's configuration."""
    words = [command, "-c", str(folder / "waypost.toml"), *arguments]
    return CliRunner().invoke(revoke, words)


def made(folder: Path) -> list[tuple[str, str, str]]:
    """Return the decisions that stand in the file."""
    found = DECISIONS.read(DECISIONS.file_of(beside(folder / "waypost.db"))).records
    return [(each.action, each.kind, each.value) for each in found]


def test_a_message_is_revoked_by_its_id_and_restored(folder: Path) -> None:
    """The id as `decode`, `activity` and the log tell it."""
    assert run(folder, "message", MESSAGE.upper()).exit_code == 0
    assert run(folder, "message", MESSAGE, "--undo").exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE), ("restore", "message", MESSAGE)]


def test_a_message_is_revoked_by_any_link_of_it(folder: Path) -> None:
    """An abused link is at hand, its message's id is not."""
    keyring = Keyring.load(folder / "token.keys")
    link = Link(bytes.fromhex(MESSAGE), 1, 1, int(time.time()), "https://example.com/")
    done = run(folder, "message", f"https://t.example.com/c/{mint(keyring, link)}")
    assert done.exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE)]


@pytest.mark.parametrize("text", ["0102", "https://t.example.com/c/AQ", "hello"])
def test_what_names_no_message_is_told_how_one_is_named(folder: Path, text: str) -> None:
    """Not what is wrong with it as a token: it may be a mistyped id."""
    done = run(folder, "message", text)
    assert (done.exit_code, done.stderr) == (
        1, "Error: neither a message id (16 hexadecimal digits) nor a tracked link of ours\n"
    )  # fmt: skip


def test_a_message_is_revoked_by_its_short_link(folder: Path) -> None:
    """A code stands for a token; an unknown one for none."""
    keyring = Keyring.load(folder / "token.keys")
    link = Link(bytes.fromhex(MESSAGE), 1, 1, int(time.time()), "https://example.com/")
    code = ShortLinks(beside(folder / "waypost.db")).add(mint(keyring, link))
    unknown = run(folder, "message", "https://t.example.com/s/unknown")
    assert (unknown.exit_code, "unknown is not in" in unknown.stderr) == (1, True)
    assert run(folder, "message", f"https://t.example.com/s/{code}").exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE)]


def test_a_campaign_is_revoked_with_the_messages_it_has(folder: Path) -> None:
    """The messages come from the store, what the spool holds included."""
    spool = Spool.open(folder / "waypost.db.spool", "proxy")
    links = (SentLink(1, "https://example.com/", None, "text"),)
    recipients = (Recipient(1, "reader@example.net"),)
    for number, campaign in enumerate(("sale", "sale", "news")):
        identifier = f"{number:016x}"
        pending = MessagePending(
            identifier, time.time(), "example.com", campaign, shared=False,
            recipients=recipients, links=links,
        )  # fmt: skip
        spool.append(pending)
        spool.append(MessageAccepted(identifier, time.time(), (1,)))
    spool.close()
    done = run(folder, "campaign", "sale")
    assert (done.exit_code, "2 messages" in done.output) == (0, True), done.output
    (revoked,) = DECISIONS.read(DECISIONS.file_of(beside(folder / "waypost.db"))).records
    assert sorted(revoked.messages) == [f"{0:016x}", f"{1:016x}"]
    assert run(folder, "campaign", "sale", "--undo").exit_code == 0
    assert made(folder)[-1] == ("restore", "campaign", "sale")


def test_a_host_is_revoked_as_it_is_compared(folder: Path) -> None:
    """Upper case and a final dot mean the same host."""
    assert run(folder, "host", "Shop.Example.COM.").exit_code == 0
    assert made(folder) == [("revoke", "host", "shop.example.com")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("message", "0102"),
        ("message", "https://t.example.com/c/AQ"),
        ("campaign", "unknown"),
        ("host", "https://example.com/"),
        ("host", "example.com:443"),
        ("host", "bücher.example"),
        ("host", "*.example.com"),
        ("host", ""),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    """Exit 1 with one clear line, and no decision made."""
    done = run(folder, *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert made(folder) == []


def test_decisions_are_listed(folder: Path) -> None:
    """Who decided what, and when: for people and as JSON."""
    run(folder, "host", "example.com")
    repair = decision("redirect", "destination", "https://a.test/", to="https://b.test/")
    DECISIONS.append(beside(folder / "waypost.db"), repair)
    lines = run(folder, "list").output.splitlines()
    assert [line.split("  ")[2] for line in lines] == [
        "revoke host example.com",
        "redirect destination https://a.test/ -> https://b.test/",
    ]
    listed = json.loads(run(folder, "list", "--json").output)
    assert [each["value"] for each in listed] == ["example.com", "https://a.test/"]
    assert listed[0]["messages"] == []
    rows = run(folder, "list", "--csv").output.splitlines()
    assert rows[0] == "at,by,action,kind,value,to,messages"
    assert rows[2].endswith(",redirect,destination,https://a.test/,https://b.test/,")


def test_what_the_file_has_lost_is_listed_and_told(folder: Path) -> None:
    """It is in force, by the tracker's copy, and can be taken back."""
    store = folder / "waypost.db"
    DECISIONS.remember(beside(store), (decision("revoke", "host", "one.test"),))
    run(folder, "host", "two.test")
    listed = run(folder, "list")
    assert [line.split(" ")[-1] for line in listed.stdout.splitlines()] == ["one.test", "two.test"]
    assert listed.stderr.startswith(f"Lines that {DECISIONS.file_of(beside(store))} has lost")
    assert listed.stderr.rstrip().endswith(": 1")
    assert run(folder, "host", "one.test", "--undo").exit_code == 0
    assert made(folder) == [("revoke", "host", "two.test"), ("restore", "host", "one.test")]


def test_lines_that_are_no_decisions_are_told(folder: Path) -> None:
    """They are not in force, which whoever looks at the list should know."""
    run(folder, "host", "example.com")
    with DECISIONS.file_of(beside(folder / "waypost.db")).open("a") as file:
        file.write("a slip\n")
    listed = run(folder, "list")
    assert len(listed.stdout.splitlines()) == 1
    assert listed.stderr.rstrip().endswith("that cannot be read: 1")


@pytest.mark.parametrize("file", [DECISIONS.file_of, DECISIONS.copy_of], ids=["file", "copy"])
@pytest.mark.parametrize("arguments", [("list",), ("host", "example.com", "--undo")])
def test_a_file_that_cannot_be_read_is_told(
    folder: Path, arguments: tuple[str, ...], file: Callable[[StateFile], Path]
) -> None:
    """Exit 1 with one clear line."""
    path = file(beside(folder / "waypost.db"))
    path.mkdir()
    done = run(folder, *arguments)
    assert (done.exit_code, done.stderr) == (1, f"Error: cannot read {path}: Is a directory\n")


def test_a_file_that_cannot_be_written_is_told(folder: Path) -> None:
    """The decision is not made, and that is said."""
    DECISIONS.file_of(beside(folder / "waypost.db")).mkdir()
    done = run(folder, "host", "example.com")
    assert (done.exit_code, "cannot write" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("kind", "value"), [("message", MESSAGE), ("campaign", "sale"), ("host", "example.com")]
)
def test_there_is_nothing_to_take_back(folder: Path, kind: str, value: str) -> None:
    """Neither what was never decided nor what was taken back before: exit 1, and nothing noted."""
    done = run(folder, kind, value, "--undo")
    assert (done.exit_code, done.stderr) == (
        1, f"Error: no decision about {kind} {value} is in force\n"
    )  # fmt: skip
    assert made(folder) == []


def test_a_message_named_by_its_id_needs_no_keys(folder: Path) -> None:
    """An abused mail is withdrawn by whoever may write the file; a link cannot be read then."""
    (folder / "token.keys").unlink()
    assert run(folder, "message", MESSAGE).exit_code == 0
    done = run(folder, "message", "https://t.example.com/c/AQ")
    assert (done.exit_code, "token.keys does not exist" in done.stderr) == (1, True)
    config = folder / "waypost.toml"
    config.write_text(config.read_text().partition("[keys]")[0])
    assert run(folder, "message", MESSAGE, "--undo").exit_code == 0
    assert "set keys.file" in run(folder, "message", "https://t.example.com/c/AQ").stderr


@pytest.mark.parametrize("kind", ["message", "campaign", "host"])
def test_an_argument_that_is_no_text_is_refused(folder: Path, kind: str) -> None:
    """The shell passes any octets; wrong usage, not a traceback."""
    done = run(folder, kind, b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert (done.exit_code, "not written in UTF-8" in done.stderr) == (2, True)
    assert made(folder) == []
