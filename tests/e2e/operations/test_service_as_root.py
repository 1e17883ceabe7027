"""A service that root starts, on a store whose folder is another's, goes on as that user."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from pathlib import Path

import pytest
import trustme

from tests.support.as_root import MAIN, NOBODY, environment, interpreter
from tests.support.clients.programs import running
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")


@pytest.fixture
def stack(mailbox: Mailbox, authority: trustme.CA, tmp_path: Path) -> Iterator[Stack]:
    """Furnish a Waypost of root's, whose store is nobody's; keys and certificate root alone reads."""
    with tempfile.TemporaryDirectory(prefix="waypost-root-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "etc").mkdir(mode=0o700)
        (folder / "state").mkdir(mode=0o700)
        os.chown(folder / "state", NOBODY, NOBODY)
        issued = authority.issue_cert("mail.example.com")
        issued.cert_chain_pems[0].write_to_path(folder / "etc" / "mail.pem")
        issued.private_key_pem.write_to_path(folder / "etc" / "mail.key")
        (folder / "etc" / "mail.key").chmod(0o600)
        proxy = f'tls_cert = "{folder}/etc/mail.pem"\ntls_key = "{folder}/etc/mail.key"\n'
        stack = Stack(folder=folder / "etc", relay=mailbox.port, smtp=privileged_port())
        stack.furnish(proxy=f'{proxy}hostname = "mail.example.com"')
        text = stack.config.read_text()
        text = text.replace(f"{stack.folder}/waypost.db", f"{folder}/state/waypost.db")
        stack.config.write_text(text)
        yield stack


def state(stack: Stack) -> Path:
    """Return the folder of the store."""
    return stack.folder.parent / "state"


def privileged_port() -> int:
    """Return a free port that only root may listen on, as those of mail are."""
    for port in range(700, 1000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.skip("there is no free port below 1024")


@contextlib.contextmanager
def serving(stack: Stack, *commands: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run services as root until the block ends."""
    with contextlib.ExitStack() as started:
        started.enter_context(pytest.MonkeyPatch.context()).setenv(
            "PYTHONPATH", environment()["PYTHONPATH"]
        )
        yield [
            started.enter_context(
                running(
                    [interpreter(), "-c", MAIN, command, "-c", stack.config],
                    stack.http if command == "tracker" else stack.smtp,
                    stack.log,
                )
            )
            for command in commands
        ]


def users_of(process: int) -> set[tuple[str, ...]]:
    """Return whose rights a process and all that it started have: real, effective, saved, of files."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    own = {tuple(found.split()) for found in re.findall(r"^[UG]id:(.*)$", status, re.MULTILINE)}
    return own.union(*(users_of(int(child)) for child in children))


def send(stack: Stack, filling_octets: int = 0) -> None:
    """Send a message with a link, over TLS."""
    message = EmailMessage()
    message["From"], message["To"] = "shop@example.com", "reader@example.net"
    message["Date"], message["Message-ID"] = format_datetime(localtime()), make_msgid()
    filling = "<p>Filling.</p>\r\n" * (filling_octets // 17)
    message.set_content(f'<a href="https://shop.example.com/">Shop</a>{filling}', subtype="html")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.starttls(context=context)
        client.send_message(message)


def follow(stack: Stack, content: bytes) -> int:
    """Follow the tracked link of a message; return the status."""
    found = re.search(
        rb'href="http://[^/]+(/c/[^"]+)"', content.replace(b"=\r\n", b"").replace(b"=3D", b"=")
    )
    assert found is not None, content[:2000]
    connection = http.client.HTTPConnection("127.0.0.1", stack.http, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", found[1].decode(), headers=BROWSER)
        return connection.getresponse().status


def owners(folder: Path) -> set[tuple[int, int]]:
    """Return whose all is that stands in a folder."""
    return {(each.lstat().st_uid, each.lstat().st_gid) for each in folder.rglob("*")}


@pytest.mark.parametrize("commands", [("serve",), ("tracker", "proxy")], ids="+".join)
def test_a_service_works_as_the_owner_of_the_store(
    stack: Stack, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, commands: tuple[str, ...]
) -> None:
    """Root's keys, certificate and port are in use; large messages are worked on, clicks counted as well.

    Also where it was started in a folder that this owner may not enter.
    """
    monkeypatch.chdir(stack.folder)
    if "proxy" in commands:
        text = stack.config.read_text().replace("[proxy]", "[proxy]\nworkers = 2")
        stack.config.write_text(text)
    with serving(stack, *commands) as processes:
        send(stack)
        send(stack, filling_octets=400_000)
        messages = mailbox.wait_for(2)
        assert [follow(stack, each) for each in messages] == [302, 302]
        assert all(b"DKIM-Signature" in each for each in messages)
        for process in processes:
            assert users_of(process.pid) == {(str(NOBODY),) * 4}
        until(lambda: stack.report()["totals"]["clicks"]["all"] == 2)
    assert owners(state(stack)) == {(NOBODY, NOBODY)}


def test_a_reload_has_the_keys_that_root_read(stack: Stack, mailbox: Mailbox) -> None:
    """Which the owner of the store may not read; a changed one wants a restart, and is told."""
    stack.folder.chmod(0o755)
    with serving(stack, "serve") as (process,):
        stack.wait_for_log("proxy_ready", "tracker_ready")
        process.send_signal(signal.SIGHUP)
        stack.wait_for_log("proxy_reloaded", "tracker_reloaded")
        send(stack)
        shutil.copy2(stack.folder / "dkim.pem", stack.folder / "new")
        (stack.folder / "new").rename(stack.folder / "dkim.pem")
        process.send_signal(signal.SIGHUP)
        stack.wait_for_log("proxy_not_reloaded", "dkim.pem cannot be read by this user")
        send(stack)
        assert all(b"DKIM-Signature" in each for each in mailbox.wait_for(2))
