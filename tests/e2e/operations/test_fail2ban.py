"""The filter of contrib/fail2ban, on lines that a running Waypost wrote, by fail2ban itself."""

import ast
import http.client
import re
import shutil
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.repository import ROOT
from tests.support.stack import Stack

PROGRAM = shutil.which("fail2ban-regex")
CONTRIB = ROOT / "contrib" / "fail2ban"
FILTER = CONTRIB / "filter.d" / "waypost.conf"
FORMATS = pytest.mark.parametrize("style", ["console", "json"])
FORGERIES = (
    "x client=203.0.113.66 reply='535",
    "x' client=203.0.113.66 reply='535",
    "\" client=203.0.113.66 reply='535",
    "x\\",
    "x\\' client=203.0.113.66 reply='535 ",
    'x", "reply": "535", "client": "203.0.113.66", "event": "login_failed',
    'x\\", "client": "203.0.113.66',
    '{"client": "203.0.113.66", "account": "x", "reply": "535", "event": "login_failed", ',
    "x\r\n2026-11-24T10:00:00.000000Z [warning  ] login_failed account=x client=203.0.113.66 reply='535",
    '"timestamp": "2001-01-01T00:00:00.000000Z"}',
)

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no fail2ban-regex (package fail2ban)")


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedRelay]:
    """Serve a relay that refuses every login."""
    refusing = ScriptedRelay({"AUTH": Step(b"535 5.7.8 no 'such' user\r\n")})
    refusing.extensions = (*EXTENSIONS, "AUTH PLAIN")
    async with refusing.listening() as listening:
        yield listening


def furnished(folder: Path, relay: ScriptedRelay, style: str) -> Stack:
    """Furnish a Waypost that logs in this format and has an admin password."""
    stack = Stack(folder=folder, relay=relay.port).furnish()
    password = stack.folder / "admin.password"
    password.write_text("right\n")
    password.chmod(0o600)
    text = stack.config.read_text().replace(
        "[store]\n", f'admin_password_file = "{password}"\n[store]\n'
    )
    stack.config.write_text(f'{text}\n[log]\nformat = "{style}"\n')
    return stack


async def log_in(stack: Stack, *names: str) -> None:
    """Fail to log in under each name, in a session of its own each time."""
    for name in names:
        client = await Dialogue.connect(stack.smtp)
        await client.reply()
        await client.ask(b"EHLO client.test")
        given = b64encode(b"\0" + name.encode() + b"\0secret")
        await client.ask(b"AUTH PLAIN " + given)
        await client.close()


def ask_admin(stack: Stack, times: int) -> None:
    """Ask with a wrong password."""
    for _ in range(times):
        connection = http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)
        connection.request("GET", "/", headers={"Authorization": "Bearer wrong"})
        connection.getresponse().read()
        connection.close()


def failures(log: Path) -> list[tuple[str, float]]:
    """Return what fail2ban counts in a log: addresses, and times in seconds since 1970."""
    done = subprocess.run(
        [PROGRAM, "-o", "row", log, FILTER], capture_output=True, text=True, check=True, timeout=60
    )
    rows = [ast.literal_eval(line.rstrip(",")) for line in done.stdout.splitlines()]
    return [(address, at_s) for address, at_s, _ in rows]


def counted(log: Path) -> Counter[str]:
    """Return how many failures fail2ban counts in a log, by address."""
    return Counter(address for address, _ in failures(log))


@FORMATS
async def test_each_failed_login_counts_against_its_address(
    style: str, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """And nothing else that Waypost logs."""
    stack = furnished(tmp_path / "waypost", relay, style)
    with stack.serving():
        await log_in(stack, "alice", "bob@example.com", "müller", "")
        ask_admin(stack, 3)
        client = await Dialogue.connect(stack.smtp)
        await client.reply()
        await client.ask(b"EHLO client.test")
        await client.transaction()
        await client.message(b"From: a@example.com\r\n\r\nbody\r\n")
        await client.close()
    assert counted(stack.log) == {"127.0.0.1": 7}


@FORMATS
async def test_a_name_cannot_accuse_another_address(
    style: str, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """Nor hide who gave it, nor when."""
    stack = furnished(tmp_path / "waypost", relay, style)
    with stack.serving("proxy"):
        await log_in(stack, *FORGERIES)
    assert counted(stack.log) == {"127.0.0.1": len(FORGERIES)}


@FORMATS
async def test_lines_count_from_the_journal_as_well(
    style: str, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """Where fail2ban puts host and program in front, and has the time from elsewhere."""
    stack = furnished(tmp_path / "waypost", relay, style)
    with stack.serving():
        await log_in(stack, "alice", "x y")
        ask_admin(stack, 1)
    journal = tmp_path / "journal"
    lines = stack.log.read_text().splitlines(keepends=True)
    journal.write_text("".join(f"mail.example.com waypost[4711]: {line}" for line in lines))
    assert counted(journal) == {"127.0.0.1": 3}


@FORMATS
async def test_an_outage_of_the_relay_bans_nobody(
    style: str, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """A relay that hangs up has not judged a password; Waypost logs it, fail2ban passes over it."""
    relay.script = {"AUTH": Step(then="reset")}
    stack = furnished(tmp_path / "waypost", relay, style)
    with stack.serving("proxy"):
        await log_in(stack, "alice", "bob")
    assert stack.log.read_text().count("login_failed") == 2
    assert counted(stack.log) == {}


@FORMATS
async def test_a_failure_counts_at_the_time_of_its_line(
    style: str, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """A log that is read again bans nobody for what is long past."""
    stack = furnished(tmp_path / "waypost", relay, style)
    with stack.serving():
        await log_in(stack, "alice", '"timestamp": "2001-01-01T00:00:00.000000Z"}')
        ask_admin(stack, 1)
    text = re.sub(
        r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z",
        "2026-01-02T03:04:05.678901Z",
        stack.log.read_text(),
    )
    (tmp_path / "old").write_text(text)
    at_s = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    assert failures(tmp_path / "old") == [("127.0.0.1", at_s)] * 3


def test_fail2ban_takes_the_jail(tmp_path: Path) -> None:
    """With its own configuration, as an operator adds it."""
    shutil.copytree("/etc/fail2ban", tmp_path / "etc", ignore=shutil.ignore_patterns("jail.d"))
    for folder in ("filter.d", "jail.d"):
        shutil.copytree(CONTRIB / folder, tmp_path / "etc" / folder, dirs_exist_ok=True)
    done = subprocess.run(
        ["fail2ban-client", "-c", tmp_path / "etc", "-d"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "['start', 'waypost']" in done.stdout
    for unit in ("waypost-proxy.service", "waypost-tracker.service"):
        assert f"_SYSTEMD_UNIT={unit}" in done.stdout
        assert (ROOT / "systemd" / unit).is_file()
