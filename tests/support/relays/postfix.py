"""A real Postfix of a test's own: configuration, queue and mailboxes in a folder, on a free port.

It takes mail from the loopback for any recipient and delivers all of it into one Maildir, as it
would deliver anyone's mail: through its own cleanup, queue and delivery agent.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients.programs import free_port, need, wait_until_listening
from tests.support.waiting import until

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydomain = test
myorigin = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ refused@example.net = 550 5.1.1 nobody of that name here }}, {{ later@example.net = 450 4.2.1 come back tomorrow }} }}, permit_mynetworks, reject
smtpd_peername_lookup = no
header_checks = regexp:{folder}/conf/header_checks
virtual_mailbox_domains = static:everyone
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {folder}/mail
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
mailbox_size_limit = 0
message_size_limit = 51200000
alias_maps =
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

HEADER_CHECKS = "/^X-Refuse: *(.*)/ REJECT $1\n"
"""A message with this field is refused at the dot, in the words that it holds."""


@dataclass(frozen=True)
class Postfix:
    """A Postfix that runs: where it listens, and what it delivered."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        """Return what it logged so far."""
        files = sorted((self.folder / "log").iterdir())
        return "".join(file.read_text("utf-8", "replace") for file in files)

    def delivered(self) -> list[bytes]:
        """Return every message delivered so far, the latest last, as stored, in lines of CRLF."""
        inbox = self.folder / "mail" / "inbox" / "new"
        found = inbox.iterdir() if inbox.is_dir() else ()
        files = sorted(found, key=_delivered_at)
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]

    def wait_for(self, count: int) -> list[bytes]:
        """Return all messages, once `count` are delivered."""
        until(lambda: len(self.delivered()) >= count, seen=lambda: self.log)
        return self.delivered()

    def flush(self) -> None:
        """Have it try all of its queue now, whenever it would by itself."""
        _run("flush", self.folder / "conf")


def _delivered_at(file: Path) -> tuple[int, ...]:
    """Return the second and the microsecond that the name of a delivered file tells: Postfix's, or Exim's."""
    told = re.match(r"(\d+)\.(?:V\w+)?M(\d+)(?:P\d+)?\.", file.name)
    assert told is not None, file
    return tuple(map(int, told.groups()))


def sent(stored: bytes) -> bytes:
    """Return a delivered message without what Postfix put above it: as it was handed in."""
    position = 0
    for field in (b"Return-Path:", b"X-Original-To:", b"Delivered-To:", b"Received:"):
        assert stored.startswith(field, position), stored[position : position + 200]
        position = stored.index(b"\r\n", position) + 2
        while stored[position : position + 1] in (b" ", b"\t"):
            position = stored.index(b"\r\n", position) + 2
    return stored[position:]


@contextlib.contextmanager
def postfix_running(
    settings: Mapping[str, str] | None = None, services: str = ""
) -> Iterator[Postfix]:
    """Run a Postfix until the block ends; `settings` and `services` add to its configuration.

    `services` are lines of master.cf; `{folder}` and `{port}` in both stand for its own.
    """
    program = need("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix can only be started by root")
    # Not below pytest's own folder, which the users that Postfix runs as cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="waypost-postfix-"))
    try:
        folder.chmod(0o755)
        postfix = Postfix(folder, free_port())
        _furnish(postfix, settings or {}, services)
        with _started(program, postfix):
            yield postfix
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(postfix: Postfix, settings: Mapping[str, str], services: str) -> None:
    names = {"folder": postfix.folder, "port": postfix.port}
    for name in ("conf", "queue", "data", "log", "mail"):
        (postfix.folder / name).mkdir()
    shutil.chown(postfix.folder / "data", "postfix", "postfix")
    shutil.chown(postfix.folder / "mail", 65534, 65534)
    # Each key once: of a second one every process warns the log as it starts, postlogd too, which is
    # the log. Where the queue to it is full by then, it waits for itself, and all others for it.
    usual = [line for line in MAIN.splitlines() if line.partition(" =")[0] not in settings]
    added = [f"{key} = {value}" for key, value in settings.items()]
    conf = postfix.folder / "conf"
    (conf / "main.cf").write_text("\n".join([*usual, *added, ""]).format(**names))
    # Sockets are opened in this order, and only the one of MASTER is waited for.
    (conf / "master.cf").write_text((services + MASTER).format(**names))
    (conf / "header_checks").write_text(HEADER_CHECKS)


@contextlib.contextmanager
def _started(program: str, postfix: Postfix) -> Iterator[None]:
    conf = postfix.folder / "conf"
    _run("check", conf)
    with (postfix.folder / "log" / "console").open("wb") as console:
        # A session of its own: its master ends by a signal to the whole process group.
        master = subprocess.Popen(
            [program, "-c", conf, "start-fg"],
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    try:
        wait_until_listening(postfix.port, master)
        yield
    finally:
        _run("stop", conf)
        master.wait(30)


def _run(command: str, conf: Path) -> None:
    program = need("postfix")
    subprocess.run([program, "-c", conf, command], check=True, capture_output=True, timeout=60)
