"""`waypost link`: the link alone, or what is wrong."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.feeding import spooled
from tests.support.state import beside
from tracker.cli.link import link
from tracker.events import MessageAccepted, MessagePending
from tracker.minting.short_links import ShortLinks
from tracker.tokens import Keyring, Link, read
from tracker.urls.reader_id import Identifier

URL = "https://example.com/?a=1"


@pytest.fixture
def folder(folder: Path) -> Path:
    """Have a parameter added to links."""
    with (folder / "waypost.toml").open("a") as file:
        file.write('[tracking]\nurl_params = {utm_source = "wp"}\n')
    return folder


def run(folder: Path, *arguments: str) -> Result:
    """Run the command with the folder's configuration."""
    return CliRunner().invoke(link, ["-c", str(folder / "waypost.toml"), *arguments])


def read_back(folder: Path, token: str) -> Link:
    """Read a token with the folder's key."""
    return read(Keyring.load(folder / "token.keys"), token)


def test_the_link_is_printed_alone(folder: Path) -> None:
    """Ready for a script; its events are in the spool."""
    done = run(folder, URL, "--campaign", "sms", "--person", "7", "--group", "sale")
    assert (done.exit_code, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert read_back(folder, line.rpartition("/c/")[2]).destination == f"{URL}&utm_source=wp"
    told = spooled(folder / "waypost.db.spool")
    assert [type(event) for event in told] == [MessagePending, MessageAccepted]


def test_a_sender_may_be_chosen(folder: Path) -> None:
    """Whose tracking host the link begins with; another is refused, with the ones that there are."""
    with (folder / "waypost.toml").open("a") as file:
        file.write('[[sender]]\ndomain = "example.net"\nbase_url = "https://go.example.net"\n')
    assert run(folder, URL, "--sender", "example.net").stdout.startswith(
        "https://go.example.net/c/"
    )
    done = run(folder, URL, "--sender", "example.edu")
    assert done.stderr == (
        'Error: --sender: "example.edu" is not a [[sender]]; configured: example.net\n'
    )


def test_a_site_is_told_who_comes(folder: Path) -> None:
    """With the secret of the key file, as in mail."""
    with (folder / "waypost.toml").open("a") as file:
        file.write('[tracking.identify]\nparam = "wp_id"\nhosts = ["example.com"]\n')
    line = run(folder, URL, "--person", "ann@example.org", "--no-url-params").stdout.strip()
    told = Identifier.load("wp_id", folder / "token.keys").hashed("ann@example.org")
    link = read_back(folder, line.rpartition("/c/")[2])
    assert link.destination == f"https://example.com/?a=1&wp_id={told}"


def test_options_switch_off_what_is_not_wanted(folder: Path) -> None:
    """Then nothing of the URL changes."""
    assert run(folder, URL, "--no-track", "--no-url-params").stdout == f"{URL}\n"


def test_a_short_link_is_printed(folder: Path) -> None:
    """Its code is in the file beside the store."""
    line = run(folder, URL, "--short", "--no-url-params").stdout.strip()
    codes = ShortLinks.load(beside(folder / "waypost.db"))
    token = codes.token(line.rpartition("/s/")[2])
    assert read_back(folder, token or "").destination == URL


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("example.com",), "URL"),
        (("https://b\u00fccher.example/",), "URL"),
        (("https://example.com/" + "x" * 1300,), "URL"),
        ((URL, "--person", ""), "--person"),
        ((URL, "--campaign", "a\nb"), "--campaign"),
        ((URL, "--sender", "example.edu"), "--sender"),
    ],
)
def test_what_makes_no_sense_is_named(
    folder: Path, arguments: tuple[str, ...], option: str
) -> None:
    """Exit 1, one clear line."""
    done = run(folder, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {option}: ")
    assert done.stderr.count("\n") == 1


def test_a_spool_in_the_way_is_told(folder: Path) -> None:
    """No link is printed that reports would not know."""
    (folder / "waypost.db.spool").write_text("in the way")
    done = run(folder, URL)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no link was made" in done.stderr
