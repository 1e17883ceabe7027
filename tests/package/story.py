"""What `make deb-test` tries, in a chroot where the package was just installed.

No systemd runs there: the commands of the units are run as their user, with the keys where
`LoadCredential=` would put them. With Debian's Python and no dependency.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from by_hand import LINK, arrives, message, send

CONFIG = Path("/etc/waypost/waypost.toml")
STATE = Path("/var/lib/waypost")
INBOX = Path("/tmp/inbox")
LOG = Path("/tmp/log")
CREDENTIALS = Path("/run/credentials/waypost")
UNITS = Path("/lib/systemd/system")
WANTED = Path("/etc/systemd/system")
ENABLED = (
    "multi-user.target.wants/waypost-proxy.service",
    "multi-user.target.wants/waypost-tracker.service",
    "sockets.target.wants/waypost-proxy.socket",
    "sockets.target.wants/waypost-tracker.socket",
)


def run(*command: str) -> str:
    """Run a command; what it says on standard output. Raises CalledProcessError."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout.strip()


def told(what: str) -> None:
    """Say that a step is done."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def installed() -> None:
    """Find what the package brings where it belongs."""
    assert "version 0." in run("waypost", "--version")
    pages = Path("/usr/share/man")
    for page in ("man1/waypost.1.gz", "man1/waypost-report.1.gz", "man5/waypost.toml.5.gz"):
        assert (pages / page).is_file(), page
    shared = Path("/usr/share")
    assert (shared / "bash-completion/completions/waypost").is_file()
    assert (shared / "zsh/vendor-completions/_waypost").is_file()
    assert (shared / "fish/vendor_completions.d/waypost.fish").is_file()
    run("getent", "passwd", "waypost")
    assert [name for name in ENABLED if not (WANTED / name).is_symlink()] == []
    assert not (WANTED / "sockets.target.wants/waypost-proxy-tls.socket").exists()
    assert not (WANTED / "multi-user.target.wants/waypost-feeder.service").exists()
    verified = ("systemd-analyze", "verify", "--man=no")
    run(*verified, *(str(path) for path in sorted(UNITS.glob("waypost-*"))))
    client = "import sys; sys.path.insert(0, '/usr/lib/waypost'); import psycopg; print(psycopg.pq.__impl__)"
    assert run("/usr/bin/python3", "-IS", "-c", client) == "binary"
    told(
        "installed: command, manual pages, completion, user; units enabled, each program there; psycopg"
    )


def configure() -> None:
    """Do as the package says after it is installed, with a relay on this machine."""
    run("waypost", "init", "/etc/waypost", "--domain", "example.com")
    text = CONFIG.read_text().replace("\nport = 25\n", '\nport = 2526\ntls = "none"\n')
    text = re.sub(r"(?m)^base_url = .*", 'base_url = "http://127.0.0.1:8080"', text)
    CONFIG.write_text(text)
    run("install", "-d", "-m", "700", "-o", "waypost", "-g", "waypost", str(STATE))
    CREDENTIALS.mkdir(parents=True)
    for name in ("token.keys", "dkim.pem"):
        shutil.copy(CONFIG.parent / name, CREDENTIALS / f"waypost_{name}")
    run("chown", "-R", "waypost:", str(CREDENTIALS))


@contextlib.contextmanager
def services() -> Iterator[None]:
    """Run what the units run, as their user, and a relay."""
    sink = "/usr/bin/python3 -m aiosmtpd -n -l 127.0.0.1:2526 -c aiosmtpd.handlers.Mailbox"
    commands = [
        ("nobody", [*shlex.split(sink), str(INBOX)], {"PYTHONPATH": "/usr/lib/waypost"}),
        *(("waypost", _command(unit), {}) for unit in ("waypost-tracker", "waypost-proxy")),
    ]
    for folder in (INBOX, *(INBOX / name for name in ("new", "cur", "tmp"))):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    running = [_start(user, command, more) for user, command, more in commands]
    try:
        _wait_for_listeners(25_25, 25_26, 80_80)
        yield
    finally:
        for process in reversed(running):
            process.terminate()
            assert process.wait(60) in {0, -15}, process.args


def _command(unit: str) -> list[str]:
    found = re.search(r"(?m)^ExecStart=(.*)$", (UNITS / f"{unit}.service").read_text())
    assert found
    return shlex.split(found[1])


def _start(user: str, command: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
    changed = ["setpriv", f"--reuid={user}", "--regid", _group(user), "--clear-groups", *command]
    environ = {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(CREDENTIALS), **more}
    with LOG.open("ab") as log:
        return subprocess.Popen(changed, env=environ, cwd="/", stdout=log, stderr=log)


def _group(user: str) -> str:
    return run("id", "-gn", user)


def _wait_for_listeners(*ports: int) -> None:
    wanted = {f":{port:04X}" for port in ports}
    for _ in range(600):
        listening = Path("/proc/net/tcp").read_text()
        if all(f"{port} 00000000:0000 0A" in listening for port in wanted):
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on one of {ports}")


def mail_and_click() -> str:
    """Have a message tracked, follow its link, and find both counted; return the link."""
    before = set(INBOX.rglob("new/*"))
    send(message(1_000))
    (received,) = set(INBOX.rglob("new/*")) - before
    content = received.read_bytes()
    assert b"DKIM-Signature:" in content
    found = LINK.search(content)
    assert found
    link = found[0].decode()
    assert arrives(link) == "https://example.com/sale"
    return link


def counted() -> tuple[int, int]:
    """Return messages and clicks, as the command reports them to root."""
    totals = json.loads(run("waypost", "report", "--json"))["totals"]
    return totals["messages"], totals["clicks"]["all"]


def first() -> str:
    """Install, configure, one message and one click; return its link."""
    installed()
    configure()
    with services():
        link = mail_and_click()
        told(f"a message is tracked and signed, its link leads on; counted: {counted()}")
        assert counted() == (1, 1)
    return link


def upgraded(link: str) -> None:
    """Install a later version: configuration, keys, links and figures stay."""
    kept = {path: path.read_bytes() for path in CONFIG.parent.iterdir()}
    before = counted()
    run("dpkg", "--install", "/story/next.deb")
    assert run("dpkg-query", "-W", "-f", "${Version}", "waypost").endswith("+1")
    assert {path: path.read_bytes() for path in CONFIG.parent.iterdir()} == kept
    with services():
        assert arrives(link) == "https://example.com/sale"
        mail_and_click()
    assert counted() > before
    told(f"upgraded: the link of before leads on, mail goes on; counted: {counted()}")


def removed() -> None:
    """Remove it: what it brought is gone; what is the operator's stays, and so do figures."""
    run("dpkg", "--remove", "waypost")
    for gone in (
        "/usr/lib/waypost",
        "/usr/bin/waypost",
        *map(str, UNITS.glob("waypost-*.service")),
    ):
        assert not Path(gone).exists(), gone
    assert (CONFIG.parent / "token.keys").is_file()
    assert (STATE / "waypost.db").is_file()
    told("removed: configuration, keys and figures stay")


def back(link: str) -> None:
    """Installed again, it goes on as if it had not been away."""
    run("dpkg", "--install", "/story/next.deb")
    with services():
        assert arrives(link) == "https://example.com/sale"
    told(f"installed again: the link leads on; counted: {counted()}")


def purged() -> None:
    """Figures go; what links in delivered mail need stays, and dpkg says so."""
    said = run("dpkg", "--purge", "waypost")
    assert (CONFIG.parent / "token.keys").is_file()
    assert list(STATE.glob("waypost.db*")) == []  # no link was withdrawn, and none is short
    assert not any(WANTED.rglob("waypost*"))
    assert "Left: /etc/waypost" in said
    told("purged: " + " / ".join(line for line in said.splitlines() if "Left" in line))


def main() -> None:
    """Do all of it; a step that fails raises."""
    link = first()
    upgraded(link)
    removed()
    back(link)
    purged()
    told("all is well")


if __name__ == "__main__":
    main()
