"""The file of consents is lost in every way, and nobody who opted out is tracked; real sockets."""

import contextlib
import json
import re
import smtplib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checks.losses import damage, delete, empty, tear
from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

HTML = link("https://www.example.com/sale")
LARGE = HTML + "<p>reading</p>\r\n" * 30_000
NO, SOME, YES = (f"{name}@example.net" for name in ("no", "some", "yes"))


def file_of(stack: Stack) -> Path:
    """Return the file of consents."""
    return stack.folder / "waypost.db.consents"


def copy_of(stack: Stack) -> Path:
    """Return the copy of it."""
    return stack.folder / "waypost.db.consents.known"


def say(stack: Stack, *words: str) -> bytes:
    """Run `waypost consent`; gives what it says."""
    done = waypost("consent", "-c", stack.config, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def is_tracked(stack: Stack, mailbox: Mailbox, to: str, html: str = HTML) -> bool:
    """Send mail to one reader; say whether it came with a tracked link."""
    before = len(mailbox.received)
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", to, html_message(html))
    return b"/c/" in mailbox.wait_for(before + 1)[before]


def tracked(stack: Stack, mailbox: Mailbox) -> list[str]:
    """Return whose mail is tracked, small or large."""
    return [
        f"{size} {reader}"
        for size, html in (("small", HTML), ("large", LARGE))
        for reader in (NO, YES)
        if is_tracked(stack, mailbox, reader, html)
    ]


def link_for(stack: Stack, reader: str) -> bool:
    """Ask the tracker for a link; say whether it is a tracked one."""
    body = json.dumps({"url": "https://www.example.com/sale", "person": reader}).encode()
    url = f"http://127.0.0.1:{stack.admin}/api/v1/links"
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        return bool(json.loads(answer.read())["tracked"])


def metrics(stack: Stack, name: str) -> dict[str, float]:
    """Return a gauge of each process that goes by consents, as Prometheus sees it."""
    url = f"http://127.0.0.1:{stack.admin}/metrics"
    with urllib.request.urlopen(url, timeout=60) as answered:
        text = answered.read().decode()
    found = re.findall(
        rf'^waypost_consents_{name}{{process="([\w-]+)"}} (\S+)$', text, re.MULTILINE
    )
    return {process: float(value) for process, value in found if process != "feed"}


ONLY_YES = ["small " + YES, "large " + YES]


@pytest.mark.parametrize("lose", [delete, empty, damage, tear], ids=lambda lose: lose.__name__)
def test_who_opted_out_stays_untracked_whatever_becomes_of_the_file(
    stack: Stack, mailbox: Mailbox, lose: Callable[[Path], None]
) -> None:
    """In mail, small and large, and in links; with consents given later, and after a restart."""
    say(stack, NO, "none")
    say(stack, SOME, "anonymous")
    with stack.serving():
        assert tracked(stack, mailbox) == ONLY_YES
        until(copy_of(stack).exists)
        lose(file_of(stack))
        stack.wait_for_log("consents_lost")
        assert tracked(stack, mailbox) == ONLY_YES
        assert not link_for(stack, NO)
        say(stack, YES, "none")
        assert tracked(stack, mailbox) == []
        say(stack, YES, "full")
        assert metrics(stack, "lost") == {"serve": 2}
        until(lambda: b"full" in copy_of(stack).read_bytes())
    file_of(stack).unlink()
    with stack.serving():
        assert tracked(stack, mailbox) == ONLY_YES
        assert [link_for(stack, reader) for reader in (NO, YES)] == [False, True]
        assert f"{NO}: none\n".encode() in say(stack, NO)
        assert b"has lost, and that are in force by" in say(stack, NO)


def test_every_process_knows_and_an_operator_mends_the_file(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    """Workers of the proxy and the tracker, each on its own; a proxy that had no mail as well."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish(proxy="workers = 2")
    everyone = dict.fromkeys(("proxy-0", "proxy-1", "tracker"), 0)
    with stack.serving("proxy"), stack.serving("tracker"):
        say(stack, NO, "none")
        until(lambda: metrics(stack, "in_force") == dict.fromkeys(everyone, 1))
        assert copy_of(stack).stat().st_mode & 0o777 == 0o600
        empty(file_of(stack))
        until(lambda: metrics(stack, "lost") == dict.fromkeys(everyone, 1))
        assert tracked(stack, mailbox) == ONLY_YES
        file_of(stack).write_bytes(copy_of(stack).read_bytes())
        until(lambda: metrics(stack, "lost") == everyone)
        stack.wait_for_log("consents_found")
        assert say(stack, NO) == f"{NO}: none\n".encode()


def test_who_is_forgotten_stays_so_in_every_process(stack: Stack, mailbox: Mailbox) -> None:
    """With the file lost before, and after; no octet of file or copy names them."""

    def named() -> list[str]:
        files = stack.folder.glob("*waypost.db.consents*")
        return [file.name for file in files if NO.encode() in file.read_bytes()]

    with stack.serving("proxy"), stack.serving("tracker"):
        say(stack, NO, "none")
        until(copy_of(stack).exists)
        assert tracked(stack, mailbox) == ONLY_YES
        empty(file_of(stack))
        done = waypost("forget", "-c", stack.config, "--json", NO)
        assert (done.returncode, json.loads(done.stdout)["consents"]) == (0, 1), done.stderr
        assert named() == []
        empty(file_of(stack))
        time.sleep(2.5)  # each process has looked
        assert named() == []
        assert tracked(stack, mailbox) == ONLY_YES
        assert not link_for(stack, NO)
    with stack.serving():
        assert tracked(stack, mailbox) == ONLY_YES
        time.sleep(1.5)
        assert named() == []


def makes_links(stack: Stack) -> bool:
    """Return whether the tracker makes a link of one person."""
    with contextlib.suppress(urllib.error.HTTPError):
        return link_for(stack, YES)
    return False


def test_without_any_list_nobody_is_tracked(stack: Stack) -> None:
    """Neither file nor copy can be read: the proxy does not start, the tracker makes no links."""
    file_of(stack).mkdir()
    refused = waypost("proxy", "-c", stack.config)
    assert (refused.returncode, b"waypost.db.consents" in refused.stderr) == (1, True)
    with stack.serving("tracker"):
        with pytest.raises(urllib.error.HTTPError, match="503"):
            link_for(stack, YES)
        assert metrics(stack, "in_force") == {"tracker": 0}
        file_of(stack).rmdir()
        until(lambda: makes_links(stack))
