"""Somebody is forgotten while their clicks wait for a webhook that is down."""

import json
import smtplib
import time
from pathlib import Path

from tests.support.clients.programs import free_port, waypost
from tests.support.mail import html_message, link
from tests.support.readers.readers import follow, tracked
from tests.support.receiver import Receiver, receiving, secret_file
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

HOOK = """
[[webhook]]
name = "crm"
url = "{url}"
secret_file = "{file}"
settle = "0s"
machines = true
"""
TRACES = (b"ann@example.org", b"ann%40example.org")


def telling(folder: Path) -> list[str]:
    """Name the files of store, spool and outbox in whose octets Ann stands."""
    files = [
        each
        for found in (*folder.glob("waypost.db*"), *folder.glob(".waypost.db*"))
        for each in (found.rglob("*") if found.is_dir() else [found])
    ]
    octets = {each.name: each.read_bytes() for each in files if each.is_file()}
    return [name for name, content in octets.items() if any(each in content for each in TRACES)]


def test_what_waits_names_nobody_once_they_are_forgotten(tmp_path: Path, mailbox: Mailbox) -> None:
    """No octet of theirs is left, and what is told later is told of nobody; of others, as ever."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    stack.furnish(proxy='copies = "per-recipient"')
    receiver = Receiver(port=free_port())
    with stack.config.open("a") as config:
        config.write(HOOK.format(url=receiver.url, file=secret_file(stack.folder)))
    content = html_message(link("https://shop.example.net/?to=ann%40example.org"))
    with stack.serving():
        with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
            client.sendmail("bounces@example.com", ["ann@example.org", "bob@example.org"], content)
        for copy in mailbox.wait_for(2):
            for url in tracked(copy):
                follow(url)
        until(lambda: waiting(stack) == 2)
        stack.wait_for_log("webhook_failing")
        done = waypost("forget", "-c", stack.config, "--json", "ann@example.org")
        assert done.returncode == 0, done.stderr.decode()
        until(lambda: not telling(stack.folder))
        assert waiting(stack) == 2
        with receiving(receiver):
            waypost("webhook", "retry", "crm", "-c", stack.config)
            data = [each["data"] for each in receiver.wait_for(2)]
    assert {each["recipient"] for each in data} == {None, "bob@example.org"}
    assert {each["person"] for each in data} == {None, "bob@example.org"}
    (anns,) = [each for each in data if each["person"] is None]
    assert "ann" not in json.dumps(anns)
    assert all(
        time.time() - float(each.headers["webhook-timestamp"]) < 300 for each in receiver.received
    )


def waiting(stack: Stack) -> int:
    """Return how many events wait, as the command says."""
    listed = waypost("webhook", "list", "--json", "-c", stack.config)
    assert listed.returncode == 0, listed.stderr.decode()
    return int(json.loads(listed.stdout)[0]["waiting"])
