"""What a service and systemd tell each other, over real sockets, and the units themselves."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config
from config.service import systemd
from tests.support.clients.programs import free_port
from tests.support.repository import ROOT

UNITS = sorted((ROOT / "systemd").glob("*.service"))
SOCKETS = sorted((ROOT / "systemd").glob("*.socket"))
MOST_EXPOSED = 1.2


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Be the service manager: give the socket that notifications arrive at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def said(manager: socket.socket) -> list[str]:
    """Return the lines of the next notification."""
    return manager.recv(4096).decode().split("\n")


def test_ready_is_told_with_a_status(manager: socket.socket) -> None:
    """Both arrive in one datagram."""
    assert systemd.ready("2 listeners")
    assert said(manager) == ["READY=1", "STATUS=2 listeners"]


def test_stopping_is_told(manager: socket.socket) -> None:
    """So that a long drain is not taken for a hang."""
    assert systemd.stopping("3 sessions")
    assert said(manager) == ["STOPPING=1", "STATUS=3 sessions"]


def test_an_abstract_socket_is_reached() -> None:
    """Containers pass a name that begins with @."""
    name = f"waypost-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        assert systemd.notify("READY=1", environ={"NOTIFY_SOCKET": f"@{name}"})
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_nobody_listening_is_no_failure(address: str) -> None:
    """Without systemd, or after it went away, the service goes on."""
    assert not systemd.notify("READY=1", environ={"NOTIFY_SOCKET": address})


def test_systemds_own_tool_hears_us(tmp_path: Path) -> None:
    """What we send is what systemd-notify sends."""
    if shutil.which("systemd-notify") is None:
        pytest.skip("systemd-notify is not installed")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = ["systemd-notify", "--no-block", "--status=x", "READY=1"]
        subprocess.run(command, env=environ, check=True)
        theirs = sorted(said(listening))
        systemd.notify("READY=1", "STATUS=x", environ=environ)
        assert sorted(said(listening)) == theirs


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_wants_half_its_time(
    environ: dict[str, str], interval_s: float | None
) -> None:
    """Only from the process that it was meant for."""
    assert systemd.watchdog_interval_s(environ) == interval_s


async def test_being_alive_is_reported_again_and_again(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the event loop runs."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    reporting = asyncio.create_task(systemd.report_alive())
    reports = [await asyncio.to_thread(said, manager) for _ in range(3)]
    reporting.cancel()
    assert reports == [["WATCHDOG=1"]] * 3


async def test_nobody_asking_ends_the_reports(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a watchdog there is nothing to do, and nothing is said."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    await asyncio.wait_for(systemd.report_alive(), 10)
    manager.settimeout(0)
    with pytest.raises(BlockingIOError):
        said(manager)


def test_another_process_inherits_nothing() -> None:
    """LISTEN_PID names whom the sockets are for."""
    assert systemd.inherited_sockets({"LISTEN_FDS": "1", "LISTEN_PID": "1"}) == {}
    assert systemd.inherited_sockets({}) == {}


CHILD = """\
import json
from config.service import systemd
found = systemd.inherited_sockets()
print(json.dumps({name: [s.getsockname()[:2] for s in group] for name, group in found.items()}))
(first,) = found["listen"]
print(first.get_inheritable(), first.gettimeout(), first.family.name, first.type.name)
"""


def test_sockets_of_systemd_are_found_by_name(tmp_path: Path) -> None:
    """Started by systemd's own activator, with two names and both families."""
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate is not installed")
    port, other = free_port(), free_port()
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-l", f"[::1]:{other}"]
    command += ["--fdname=listen:listen_tls", "-E", f"PYTHONPATH={ROOT}"]
    with subprocess.Popen(
        [*command, sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as activator:
        connect(port).close()
        out, _ = activator.communicate(timeout=30)
    addresses, facts = out.decode().splitlines()
    assert addresses == f'{{"listen": [["127.0.0.1", {port}]], "listen_tls": [["::1", {other}]]}}'
    assert facts == "False 0.0 AF_INET SOCK_STREAM"


def connect(port: int) -> socket.socket:
    """Connect as soon as somebody listens."""
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            subprocess.run(["sleep", "0.05"], check=True)
    raise TimeoutError(port)


def settings(unit: Path) -> dict[str, list[str]]:
    """Return what a unit file sets."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_exposes_little(unit: Path) -> None:
    """What `systemd-analyze security` says of it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", outcome.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze cannot work offline: {outcome.stderr.strip()}")
    assert float(found[1]) <= MOST_EXPOSED


def test_the_units_are_understood(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing, once the command is where the unit says."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in (*UNITS, *SOCKETS):
        text = unit.read_text().replace("/opt/waypost/bin/waypost", sys.executable)
        (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in outcome.stderr.splitlines() if "waypost" in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_no_program_that_a_minimal_system_lacks(unit: Path) -> None:
    """`kill` as a program is in procps, which not every Debian has."""
    commands = [
        value
        for name, values in settings(unit).items()
        if name.startswith("Exec")
        for value in values
    ]
    assert commands
    assert {command.split()[0].lstrip("+") for command in commands} <= {
        "/opt/waypost/bin/waypost",
        "/bin/sh",
    }


def test_what_counts_is_there_before_the_first_mail() -> None:
    """A node that is new hears by it who agreed to nothing."""
    (after,) = settings(ROOT / "systemd" / "waypost-proxy.service")["After"]
    assert {"waypost-tracker.service", "waypost-feeder.service"} <= set(after.split())


def test_a_status_is_one_line(manager: socket.socket) -> None:
    """Another line would be another message."""
    assert systemd.status("one\nREADY=1")
    assert said(manager) == ["STATUS=one READY=1"]


def test_the_proxy_may_drain_before_it_is_killed() -> None:
    """TimeoutStopSec is longer than the default of drain_timeout."""
    (stop,) = settings(ROOT / "systemd" / "waypost-proxy.service")["TimeoutStopSec"]
    assert int(stop.removesuffix("s")) > Config().proxy.drain_timeout


def test_socket_units_hold_the_default_addresses() -> None:
    """With names that the services look for; TLS has no default, and takes port 465."""
    held = {
        settings(unit)["FileDescriptorName"][0]: settings(unit)["ListenStream"] for unit in SOCKETS
    }
    assert held == {
        systemd.PROXY: [str(address) for address in Config().proxy.listen],
        systemd.PROXY_TLS: ["0.0.0.0:465", "[::]:465"],
        systemd.TRACKER: [str(address) for address in Config().tracker.listen],
    }


def test_all_services_share_user_state_and_keys() -> None:
    """The proxy writes the spool, tracker or feeder read it: one user, one folder."""
    feeder, proxy, tracker = map(settings, UNITS)
    for name in ("User", "Group", "StateDirectory", "StateDirectoryMode", "LoadCredential"):
        assert proxy[name] == tracker[name] == feeder[name]
    sysusers = (ROOT / "systemd" / "waypost.sysusers").read_text()
    assert re.search(rf"^u {proxy['User'][0]} ", sysusers, re.MULTILINE)
