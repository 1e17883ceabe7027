"""`waypost revoke` and `waypost redirect`: what may be decided, and what is said about it."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config import keys
from tracker import overrides, shortlinks
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.overrides_cli import redirect, revoke
from tracker.shortlinks import ShortLinks
from tracker.spool import Spool
from tracker.tokens import Keyring, Link, mint

MESSAGE = "0102030405060708"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a configuration with one key."""
    keys.write_token_keys(tmp_path / "token.keys", [keys.new_token_key()])
    store = f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n'
    (tmp_path / "waypost.toml").write_text(f'{store}[keys]\nfile = "token.keys"\n')
    return tmp_path


def run(folder: Path, command: str, *arguments: str) -> Result:
    """Run `waypost revoke …` or `waypost redirect …` with the folder's configuration."""
    commands = {"revoke": revoke, "redirect": redirect}
    place = 1 if command == "revoke" else 0
    words = [*arguments[:place], "-c", str(folder / "waypost.toml"), *arguments[place:]]
    return CliRunner().invoke(commands[command], words)


def made(folder: Path) -> list[tuple[str, str, str, str]]:
    """Give the decisions that stand in the file."""
    found = overrides.decisions(overrides.file_of(folder / "waypost.db"))
    return [(each.action, each.kind, each.value, each.to) for each in found if each]


def test_a_message_is_revoked_by_its_id_and_restored(folder: Path) -> None:
    """The id as `decode`, `activity` and the log tell it."""
    assert run(folder, "revoke", "message", MESSAGE.upper()).exit_code == 0
    assert run(folder, "revoke", "message", MESSAGE, "--undo").exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE, ""), ("restore", "message", MESSAGE, "")]


def test_a_message_is_revoked_by_any_link_of_it(folder: Path) -> None:
    """An abused link is at hand, its message's id is not."""
    keyring = Keyring.load(folder / "token.keys")
    link = Link(bytes.fromhex(MESSAGE), 1, 1, int(time.time()), "https://example.com/")
    done = run(folder, "revoke", "message", f"https://t.example.com/c/{mint(keyring, link)}")
    assert done.exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE, "")]


def test_a_message_is_revoked_by_its_short_link(folder: Path) -> None:
    """A code stands for a token; an unknown one for none."""
    keyring = Keyring.load(folder / "token.keys")
    link = Link(bytes.fromhex(MESSAGE), 1, 1, int(time.time()), "https://example.com/")
    code = ShortLinks(shortlinks.file_of(folder / "waypost.db")).add(mint(keyring, link))
    unknown = run(folder, "revoke", "message", "https://t.example.com/s/unknown")
    assert (unknown.exit_code, "unknown is not in" in unknown.stderr) == (1, True)
    assert run(folder, "revoke", "message", f"https://t.example.com/s/{code}").exit_code == 0
    assert made(folder) == [("revoke", "message", MESSAGE, "")]


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
    done = run(folder, "revoke", "campaign", "sale")
    assert (done.exit_code, "2 messages" in done.output) == (0, True), done.output
    (decision,) = overrides.decisions(overrides.file_of(folder / "waypost.db"))
    assert decision is not None
    assert sorted(decision.messages) == [f"{0:016x}", f"{1:016x}"]
    assert run(folder, "revoke", "campaign", "sale", "--undo").exit_code == 0
    assert made(folder)[-1] == ("restore", "campaign", "sale", "")


def test_a_host_is_revoked_as_it_is_compared(folder: Path) -> None:
    """Upper case and a final dot mean the same host."""
    assert run(folder, "revoke", "host", "Shop.Example.COM.").exit_code == 0
    assert made(folder) == [("revoke", "host", "shop.example.com", "")]


def test_a_destination_is_repaired_and_restored(folder: Path) -> None:
    """OLD exactly as it was sent."""
    old, new = "https://example.com/Old?a=1#b", "https://example.com/new"
    assert run(folder, "redirect", old, new).exit_code == 0
    assert run(folder, "redirect", old, "--undo").exit_code == 0
    assert made(folder) == [
        ("redirect", "destination", old, new),
        ("restore", "destination", old, ""),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke", "message", "0102"),
        ("revoke", "message", "https://t.example.com/c/AQ"),
        ("revoke", "campaign", "unknown"),
        ("revoke", "host", "https://example.com/"),
        ("revoke", "host", "example.com:443"),
        ("revoke", "host", "bücher.example"),
        ("revoke", "host", "*.example.com"),
        ("revoke", "host", ""),
        ("redirect", "example.com", "https://example.com/"),
        ("redirect", "https://example.com/", "javascript:alert(1)"),
        ("redirect", "https://example.com/", "https://example.com/"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    """Exit 1 with one clear line, and no decision made."""
    done = run(folder, *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert made(folder) == []


def test_a_circle_is_refused(folder: Path) -> None:
    """A to B and B to A would lead nowhere."""
    one, two = "https://a.test/", "https://b.test/"
    assert run(folder, "redirect", one, two).exit_code == 0
    assert run(folder, "redirect", two, one).exit_code == 1


@pytest.mark.parametrize(
    "words", [("https://a.test/",), ("https://a.test/", "https://b.test/", "--undo")]
)
def test_redirect_wants_a_new_url_or_undo(folder: Path, words: tuple[str, ...]) -> None:
    """Exit 2 tells of wrong usage."""
    assert run(folder, "redirect", *words).exit_code == 2


def test_decisions_are_listed(folder: Path) -> None:
    """Who decided what, and when: for people and as JSON."""
    run(folder, "revoke", "host", "example.com")
    run(folder, "redirect", "https://a.test/", "https://b.test/")
    lines = run(folder, "revoke", "list").output.splitlines()
    assert [line.split("  ")[2] for line in lines] == [
        "revoke host example.com",
        "redirect destination https://a.test/ -> https://b.test/",
    ]
    listed = json.loads(run(folder, "revoke", "list", "--json").output)
    assert [each["value"] for each in listed] == ["example.com", "https://a.test/"]
    rows = run(folder, "revoke", "list", "--csv").output.splitlines()
    assert rows[0] == "at,by,action,kind,value,to,messages"
    assert rows[2].endswith(",redirect,destination,https://a.test/,https://b.test/,")


def test_lines_that_are_no_decisions_are_told(folder: Path) -> None:
    """They are not in force, which whoever looks at the list should know."""
    run(folder, "revoke", "host", "example.com")
    with overrides.file_of(folder / "waypost.db").open("a") as file:
        file.write("a slip\n")
    listed = run(folder, "revoke", "list")
    assert len(listed.stdout.splitlines()) == 1
    assert listed.stderr.rstrip().endswith("that are no decisions: 1")


@pytest.mark.parametrize(
    "arguments", [("revoke", "list"), ("redirect", "https://a.test/", "https://b.test/")]
)
def test_a_file_that_cannot_be_read_is_told(folder: Path, arguments: tuple[str, ...]) -> None:
    """Exit 1 with one clear line."""
    overrides.file_of(folder / "waypost.db").mkdir()
    done = run(folder, *arguments)
    assert (done.exit_code, done.stderr.startswith("Error: cannot read")) == (1, True)


def test_a_file_that_cannot_be_written_is_told(folder: Path) -> None:
    """The decision is not made, and that is said."""
    overrides.file_of(folder / "waypost.db").mkdir()
    done = run(folder, "revoke", "host", "example.com")
    assert (done.exit_code, "cannot write" in done.stderr) == (1, True)
