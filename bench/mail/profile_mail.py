"""Where the proxy's time goes: samples of a proxy under load, by room and by function.

py-spy takes the samples from outside, 500 a second, of the thread that holds the interpreter: waits for
disk and network are left out, and so is hashing of large messages. Each belongs to the innermost
function of ours (with what libraries and C do for it), and to its room of the house; what has none of
ours below it is its library's. Raw samples stay in `.bench/`, for flame graphs.

    python -m bench.mail.profile_mail [--size 5KB] [--seconds 20] [--top 25] [--py-spy FILE]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.mail.end_to_end import SIZES
from bench.support import ROOT
from bench.support.mail import Author
from bench.support.processes import stop_all_at_sigterm
from bench.support.sink import smtp_sink
from bench.support.smtp_clients import deliver
from bench.support.waypost import services

RATE = 500
OURS = ("proxy/", "tracker/", "config/")


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    beside = Path(sys.executable).with_name("py-spy")
    parser = argparse.ArgumentParser(description="Show where the proxy's time goes under load.")
    parser.add_argument("--size", choices=[size.name for size in SIZES], default="5KB")
    parser.add_argument("--seconds", type=int, default=20, help="for how long (%(default)s)")
    parser.add_argument("--top", type=int, default=25, help="functions to show (%(default)s)")
    parser.add_argument(
        "--py-spy", default=shutil.which("py-spy") or beside, type=Path, metavar="FILE"
    )
    asked = parser.parse_args()
    if not asked.py_spy.exists():
        parser.error("py-spy is not installed: make profile installs it")
    return asked


def sample(asked: argparse.Namespace, raw: Path) -> int:
    """Have a proxy and its other processes sampled while it is kept busy; return how many messages it took meanwhile."""
    size = next(size for size in SIZES if size.name == asked.size)
    author, count = Author(int(time.time())), 0
    with (
        tempfile.TemporaryDirectory() as name,
        smtp_sink() as sink,
        services(Path(name), sink.port, proxy="workers = 1", tracker=False) as proxy,
    ):
        deliver(proxy.port, size.write(author, size.sessions), size.sessions)
        command = [asked.py_spy, "record", "-p", str(proxy.pids[0]), "-d", str(asked.seconds)]
        command += ["--gil", "--subprocesses", "-r", str(RATE), "-f", "raw", "-o", str(raw)]
        recording = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while recording.poll() is None:  # no samples while the proxy has nothing to do
            deliver(proxy.port, size.write(author, size.messages), size.sessions)
            count += size.messages
    if recording.returncode:
        raise SystemExit(
            f"py-spy ended with {recording.returncode}: {recording.communicate()[1]!r}"
        )
    return count


def innermost(stack: str) -> tuple[str, str]:
    """Return the room and the name of the innermost function of ours, else of the outermost at all."""
    frames = stack.split(";")
    for frame in reversed(frames):
        function, _, place = frame.partition(" (")
        place = place.rpartition(":")[0]
        for package in OURS:
            _, found, inside = place.partition(package)
            if found:
                room = package + inside.rpartition("/")[0]
                return room, f"{package}{inside.removesuffix('.py')}: {function}"
    return "libraries, beneath none of ours", frames[-1]


def show(raw: Path, messages: int, top: int) -> None:
    """Print shares by room and by function."""
    rooms: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        room, function = innermost(stack)
        rooms[room] += int(count)
        functions[function] += int(count)
    total = rooms.total() or 1
    print(
        f"{messages} messages, {total} samples, {total / RATE / messages * 1e3:.2f} ms of the interpreter a message"
    )
    for title, counted in (("room", rooms), ("function", functions)):
        print(f"\n{'share':>6}  {title}")
        for name, samples in counted.most_common(top):
            print(f"{samples / total:6.1%}  {name}")


def main() -> int:
    """Sample and show."""
    asked = parsed()
    stop_all_at_sigterm()
    raw = ROOT / ".bench" / f"profile-{asked.size}.txt"
    raw.parent.mkdir(exist_ok=True)
    show(raw, sample(asked, raw), asked.top)
    print(f"\nsamples: {raw}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
