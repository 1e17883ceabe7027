"""Messages a second, and CPU a message, through the whole proxy: smtp-source to smtp-sink.

Three ways in one run: no proxy at all, Waypost, and `naive_proxy.py` (the same packages used the
usual way). Times of one machine say little; the ratios of one run say more.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
WAYPOST = Path(sys.executable).with_name("waypost")
SESSIONS = 8
CONFIG = """\
[proxy]
listen = ["127.0.0.1:{listen}"]
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[tracking]
base_url = "http://127.0.0.1:8080"
"""


class Figures(NamedTuple):
    """What one way took: wall seconds, and CPU seconds of the proxy alone."""

    wall_s: float
    cpu_s: float


def free_port() -> int:
    """Return a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def message(size_octets: int) -> bytes:
    """Build a newsletter of about `size_octets`, with a link a kilobyte, as LF lines."""
    row = (
        '<tr><td style="padding:12px;font-family:sans-serif">{filler}'
        '<a href="https://shop.example.com/item/{n}?utm_source=mail&amp;n={n}">Item {n}</a></td></tr>\n'
    )
    filler = "Words that a newsletter is made of. " * 24
    rows = "".join(row.format(n=n, filler=filler) for n in range(max(1, size_octets // 1000)))
    mail = EmailMessage()
    mail["From"], mail["To"] = "news@example.com", "reader@example.net"
    mail["Subject"], mail["Date"] = "Bench", "Mon, 23 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = "<bench@example.com>"
    mail.set_content("See the HTML part.\n")
    mail.add_alternative(f"<html><body><table>{rows}</table></body></html>\n", subtype="html")
    return mail.as_bytes()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on `port`."""
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


@contextmanager
def program(arguments: list[str | Path], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process and its children have used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def send(port: int, path: Path, count: int) -> float:
    """Send `count` copies of the message at `path`; give the wall seconds."""
    started = time.perf_counter()
    subprocess.run(
        ["smtp-source", "-s", str(SESSIONS), "-m", str(count), "-f", "news@example.com",
         "-t", "reader@example.net", "-d", "-F", str(path), f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip
    return time.perf_counter() - started


def measure(server: list[str | Path], port: int, path: Path, count: int) -> Figures:
    """Send through `server`, a warm-up first."""
    with program(server, port) as process:
        send(port, path, count // 10 or 1)
        before = cpu_seconds(process.pid)
        wall_s = send(port, path, count)
        return Figures(wall_s, cpu_seconds(process.pid) - before)


def configure(folder: Path, listen: int, relay: int) -> list[str | Path]:
    """Write keys and configuration; give the command that runs Waypost with them."""
    subprocess.run(
        [WAYPOST, "init", folder, "--domain", "example.com"], check=True, capture_output=True
    )
    keys = f'[keys]\nfile = "{folder}/token.keys"\n[store]\nurl = "sqlite:///{folder}/waypost.db"\n'
    sender = (
        '[[sender]]\ndomain = "example.com"\n'
        f'[[sender.dkim]]\nselector = "waypost1"\nkey_file = "{folder}/dkim.pem"\n'
    )
    log = '[log]\nlevel = "warning"\n'
    text = CONFIG.format(listen=listen, relay=relay) + keys + log + sender
    (folder / "bench.toml").write_text(text)
    return [WAYPOST, "proxy", "-c", folder / "bench.toml"]


def compare(folder: Path, size_octets: int, count: int) -> None:
    """Print the three ways for messages of one size."""
    path = folder / f"message-{size_octets}"
    path.write_bytes(message(size_octets))
    relay, ours, naive = free_port(), free_port(), free_port()
    sink: list[str | Path] = ["smtp-sink", "-u", "nobody", f"127.0.0.1:{relay}", "256"]
    if os.getuid() != 0:
        sink[1:3] = []
    rival: list[str | Path] = [sys.executable, HERE / "naive_proxy.py", str(naive), str(relay)]
    with program(sink, relay):
        direct = send(relay, path, count)
        figures = {
            "Waypost": measure(configure(folder, ours, relay), ours, path, count),
            "naive": measure([*rival, folder / "dkim.pem"], naive, path, count // 5),
        }
    print(
        f"\n{size_octets // 1000} KB, {SESSIONS} sessions: direct {count / direct:.0f} messages/s"
    )
    per_message = {"Waypost": count, "naive": count // 5}
    for name, figure in figures.items():
        n = per_message[name]
        print(
            f"  {name:8} {n / figure.wall_s:7.0f} messages/s   "
            f"{figure.cpu_s / n * 1000:6.2f} ms CPU a message"
        )
    ratio = (figures["naive"].cpu_s / per_message["naive"]) / (figures["Waypost"].cpu_s / count)
    print(f"  naive uses {ratio:.1f} times the CPU")


def main() -> int:
    """Print the table, or say what is missing."""
    if shutil.which("smtp-source") is None:
        print("smtp-source is not installed (Debian: postfix)")
        return 0
    with tempfile.TemporaryDirectory() as name:
        for number, (size_octets, count) in enumerate([(5_000, 1000), (100_000, 300)]):
            folder = Path(name) / str(number)
            folder.mkdir()
            compare(folder, size_octets, count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
