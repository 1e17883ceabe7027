"""`waypost decode`: what a link says, and a clear word where it says nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from config.keys import token_keys
from tests.support.clients.commands import SENT_S, message, output, spooled
from tests.support.state import beside
from tracker.cli.reports.decode import decode
from tracker.minting import short_links
from tracker.minting.lookup import token_in
from tracker.minting.short_links import ShortLinks
from tracker.tokens import Keyring, Link, mint

LINK = Link(
    b"\x01\x02\x03\x04\x05\x06\x07\x08", 5, 3, 1_795_430_400, "https://example.com/?a=1&b=[2]#c"
)


def run(folder: Path, *arguments: str) -> Result:
    """Run the command with the folder's configuration."""
    return CliRunner().invoke(decode, ["-c", str(folder / "waypost.toml"), *arguments])


def token(folder: Path, link: Link = LINK) -> str:
    """Mint a link with the folder's key."""
    return mint(Keyring.load(folder / "token.keys"), link)


def test_json_says_everything(folder: Path) -> None:
    """The whole of a link, for programs."""
    done = run(folder, "--json", f"https://t.example.com/c/{token(folder)}")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "message_id": "0102030405060708",
        "recipient": 5,
        "link": 3,
        "sent_at": "2026-11-23T10:40:00+00:00",
        "key": 1,
        "destination": "https://example.com/?a=1&b=[2]#c",
        "preview": False,
        "campaign": None,
        "address": None,
        "person": None,
    }


def test_campaign_and_person_are_named_where_the_store_knows_them(folder: Path) -> None:
    """Of a link in a message that was counted; a store that is none keeps no link from being read."""
    sent = Link(bytes.fromhex(f"{7:016x}"), 1, 1, SENT_S, "https://example.net/a")
    spooled(folder, *message(7, "news", "ann@example.org"))
    output(folder, "report")
    said = run(folder, token(folder, sent)).stdout
    assert "campaign     news\n" in said
    assert "person       ann@example.org\n" in said
    (folder / "waypost.db").write_bytes(b"no database")
    assert json.loads(run(folder, "--json", token(folder, sent)).stdout)["campaign"] is None


@pytest.mark.parametrize("around", ["{}", "/c/{}", "http://a.test/t/c/{}?utm_x=1#y", " {}\n"])
def test_urls_and_bare_tokens_are_taken(folder: Path, around: str) -> None:
    """Whatever was copied from a message is understood."""
    assert token_in(around.format("AQ_-x")) == "AQ_-x"
    assert run(folder, "--json", around.format(token(folder))).exit_code == 0


@pytest.mark.parametrize(
    "wrapper",
    ["https://eur01.safelinks.protection.outlook.com/?url={}&data=x", "https://a.test/go?x=1&u={}"],
)
def test_a_link_is_read_through_what_filters_made_of_it(folder: Path, wrapper: str) -> None:
    """Whoever asks has the link as it arrived."""
    url = quote(f"https://t.example.com/c/{token(folder)}", safe="")
    done = run(folder, "--json", wrapper.format(url))
    assert json.loads(done.stdout)["destination"] == LINK.destination
    wrong = run(folder, wrapper.format(quote("https://t.example.com/c/AAAA", safe="")))
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "not a link of ours" in wrong.output


def codes(folder: Path) -> Path:
    """Name the file of short links."""
    return short_links.file_of(beside(folder / "waypost.db"))


def test_a_short_link_is_read_from_its_file(folder: Path) -> None:
    """It says what the token says that it stands for."""
    code = ShortLinks(beside(folder / "waypost.db")).add(token(folder))
    short = run(folder, "--json", f"https://t.example.com/s/{code}")
    assert short.exit_code == 0, short.output
    assert json.loads(short.stdout) == json.loads(run(folder, "--json", token(folder)).stdout)


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (lambda _file: None, "not a short link of ours: there is no {file}"),
        (Path.touch, "not a short link of ours: x7Qm2Ab is not in {file}"),
        (Path.mkdir, "cannot read {file}: Is a directory"),
    ],
    ids=["no file", "unknown code", "unreadable"],
)
def test_a_short_link_that_cannot_be_found_is_told(
    folder: Path, arrange: Callable[[Path], None], said: str
) -> None:
    """Exit 1, one line with the file."""
    arrange(codes(folder))
    done = run(folder, "https://t.example.com/s/x7Qm2Ab")
    said = said.format(file=codes(folder))
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {said}\n")


def test_people_read_a_table(folder: Path) -> None:
    """Every fact has its line, and the destination can be copied whole."""
    destination = "https://example.com/" + "long/" * 50
    shared = Link(b"12345678", 0, 1, 1_795_430_400, destination, preview=True)
    lines = run(folder, token(folder, shared)).stdout.splitlines()
    assert any(line.split() == ["destination", destination] for line in lines)
    assert any("shared by several" in line for line in lines)
    assert any("never counted" in line for line in lines)


def test_a_bad_link_is_exit_1_and_a_clear_word(folder: Path) -> None:
    """A forged or damaged link says so, without a traceback."""
    done = run(folder, f"https://t.example.com/c/{token(folder)[:-1]}")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: not a link of ours: ")


def test_a_link_of_other_keys_says_which_key(folder: Path) -> None:
    """An operator sees that a key is missing."""
    other = Keyring([token_keys.new_token_key([token_keys.new_token_key()])])
    done = run(folder, mint(other, LINK))
    assert (done.exit_code, done.stderr) == (1, "Error: not a link of ours: no usable key 2\n")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.chmod(0o644)])
def test_without_keys_nothing_can_be_read(folder: Path, spoil: Callable[[Path], None]) -> None:
    """A key file that is missing, or open to others, is named."""
    spoil(folder / "token.keys")
    done = run(folder, "AQ")
    assert done.exit_code == 1
    assert "token.keys" in done.stderr
