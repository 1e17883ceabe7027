"""Exim and OpenSMTPD, which cannot be installed beside Postfix: unpacked privately, run privately.

The packages are fetched once with `apt-get download` and kept in the user's cache folder. Each
server runs in a mount namespace of its own, where the accounts and folders that it insists on are
there; nothing of it is left behind.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients.programs import free_port, need, running
from tests.support.relays.postfix import Postfix

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "waypost-tests"

EXIM_ID = 64_001
"""The account of Exim in its namespace; the next ones are those of OpenSMTPD."""

EXIM = """\
exim_path = {root}/usr/sbin/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/log/pid
primary_hostname = exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
message_size_limit = 50M
domainlist local_domains = exim.test
smtp_accept_queue_per_connection = 0
deliver_drop_privilege = true
acl_smtp_rcpt = recipient
acl_smtp_data = content
begin acl
recipient:
  deny recipients = refused@example.net
       message = nobody of that name here
  defer recipients = later@example.net
       message = come back tomorrow
  accept control = submission/sender_retain
content:
  deny condition = ${{if def:h_X-Refuse:}}
       message = $h_X-Refuse:
  accept
begin routers
{first}
everyone:
  {router}
begin transports
{transports}
onward:
  driver = smtp
  allow_localhost
inbox:
  driver = appendfile
  directory = {folder}/mail/inbox
  maildir_format
  no_delivery_date_add
  no_envelope_to_add
  return_path_add
begin retry
* * F,2h,15m
"""

INBOX = "driver = accept\n  transport = inbox"
ONWARD = """\
driver = manualroute
  transport = onward
  self = send
  route_list = * 127.0.0.1::{sink}"""

OPENSMTPD = """\
listen on 127.0.0.1 port {port} hostname opensmtpd.test
smtp max-message-size "50M"
action "onward" relay host smtp://127.0.0.1:{sink} helo opensmtpd.test
match from any for rcpt-to "refused@example.net" reject
match from any for any action "onward"
"""


@dataclass(frozen=True)
class Unpacked:
    """A package, unpacked below `root`."""

    root: Path
    folder: Path


@contextlib.contextmanager
def exim_running(
    sink_port: int | None = None, *, first: str = "", transports: str = ""
) -> Iterator[Postfix]:
    """Run an Exim that delivers everything into one Maildir, or hands it on to `sink_port`.

    Routers that come `first` may do something else with some of it, with `transports` of theirs.
    """
    with unpacked("exim4-daemon-light") as package:
        folder, port = package.folder, free_port()
        for name in ("spool", "log", "mail"):
            (folder / name).mkdir()
            shutil.chown(folder / name, EXIM_ID)
        conf = folder / "exim.conf"
        router = INBOX if sink_port is None else ONWARD.format(sink=sink_port)
        own = {"first": first, "transports": transports, "router": router}
        conf.write_text(EXIM.format(root=package.root, folder=folder, port=port, **own))
        command = [package.root / "usr/sbin/exim4", "-bdf", "-q30m", "-C", conf]
        with running(private(folder, ["Debian-exim"], "", command), port, folder / "console"):
            yield Postfix(folder, port)


@contextlib.contextmanager
def opensmtpd_running(sink_port: int) -> Iterator[int]:
    """Run an OpenSMTPD that hands everything on to the server at `sink_port`; gives its port."""
    with unpacked("opensmtpd") as package:
        folder, port = package.folder, free_port()
        conf = folder / "smtpd.conf"
        conf.write_text(OPENSMTPD.format(port=port, sink=sink_port))
        script = (
            "mount -t tmpfs none /run && mount -t tmpfs none /var/spool && "
            "mount -t tmpfs none /var/lib && mkdir -p /var/lib/opensmtpd/empty && "
        )
        command = [package.root / "usr/sbin/smtpd", "-d", "-f", conf]
        users = ["opensmtpd", "opensmtpq"]
        with running(private(folder, users, script, command), port, folder / "console"):
            yield port


def private(
    folder: Path, users: Sequence[str], script: str, command: Sequence[str | Path]
) -> list[str | Path]:
    """Return the command that runs `command` where `users` exist, after `script`, a shell's."""
    for name in ("passwd", "group"):
        lines = [Path("/etc", name).read_text()]
        for number, user in enumerate(users, EXIM_ID):
            ids = f"{user}:x:{number}:"
            lines.append(
                f"{ids}{number}::/:/usr/sbin/nologin\n" if name == "passwd" else f"{ids}\n"
            )
        (folder / name).write_text("".join(lines))
    binds = "".join(f"mount --bind {folder}/{name} /etc/{name} && " for name in ("passwd", "group"))
    return ["unshare", "--mount", "sh", "-c", f'{binds}{script}exec "$@"', "sh", *command]


@contextlib.contextmanager
def unpacked(package: str, *more: str) -> Iterator[Unpacked]:
    """Unpack a package, and what it needs of others, for as long as the block lasts."""
    need("unshare", "util-linux")
    dpkg = need("dpkg")
    archives = [_archive(name) for name in (package, *more)]
    try:
        subprocess.run(["unshare", "--mount", "true"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("a mount namespace cannot be made here")
    # Not below pytest's own folder, which the accounts of these servers cannot enter.
    folder = Path(tempfile.mkdtemp(prefix=f"waypost-{package}-"))
    try:
        folder.chmod(0o755)
        for archive in archives:
            subprocess.run([dpkg, "-x", archive, folder / "root"], check=True, capture_output=True)
        yield Unpacked(folder / "root", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _archive(package: str) -> Path:
    """Return the package's file, fetched once; skip the test where it cannot be had."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found = sorted(CACHE.glob(f"{package}_*.deb"))
    if not found:
        apt = need("apt-get", "apt")
        done = subprocess.run(
            [apt, "download", package], cwd=CACHE, capture_output=True, check=False, timeout=100
        )
        found = sorted(CACHE.glob(f"{package}_*.deb"))
        if not found:
            pytest.skip(f"{package} cannot be downloaded: {done.stderr.decode().strip()[-200:]}")
    return found[-1]
