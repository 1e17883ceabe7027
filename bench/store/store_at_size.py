"""What a store of ten million clicks is asked, costs and makes wait: `make bench-store`.

`python -m bench.store.store_at_size 10000000` makes a store of that many clicks (default: 1,000,000) in a file, with
random ids (`at_size.big_store`), in a temporary folder or in `--folder`, where a later run finds it again. It tells
how long each question takes, 50 and 95 of 100 times, each time with other arguments and a connection of
its own; octets a click and a message; how fast events are fed to an empty store and to this one, clicks on
old messages included; and, with `--locks`, how long others had to wait for the write lock while a person was
forgotten, a twentieth purged and ten days judged anew. How long an upgrade takes, `upgrade.py` tells; what
PostgreSQL makes of the same, `bench/scale.py`.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.at_size import new_events, octets, questions
from bench.at_size.big_store import make
from bench.at_size.new_events import OldMessage
from bench.at_size.size import BEGUN_S, DAYS, Size, person_name
from bench.at_size.write_locks import watched
from config.keys import token_keys
from config.schema import Config, KeysConfig, StoreConfig
from tracker.ingest.catch_up import catch_up
from tracker.store.reserved import DAY_S

NEW_MESSAGES = 4000
TURNS = 5


def _fed(config: Config, begun_s: int, old: Sequence[OldMessage]) -> float:
    """Feed events to a store; return how many a second of the processor's time."""
    events = list(new_events.events(begun_s, NEW_MESSAGES, old))
    new_events.spool(config, events)
    used_s = time.process_time()
    catch_up(config, patience_s=3600)
    return len(events) / (time.process_time() - used_s)


def _feeding(config: Config, folder: Path) -> Iterator[tuple[str, str]]:
    """Feed the same to an empty store and to this one, in turns; yield the median of each.

    What is new was sent after all that is there, in each turn.
    """
    turns = []
    for _ in range(TURNS):
        begun_s, old = new_events.old_messages(config, NEW_MESSAGES)
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            url = f"sqlite:///{empty}/waypost.db"
            alone = _fed(Config(store=StoreConfig(url=url)), begun_s, [])
        turns.append((alone, _fed(config, begun_s, old)))
    alone, full = (statistics.median(each) for each in zip(*turns, strict=True))
    yield "events a second into an empty store", f"{alone:,.0f}"
    yield "… into this one, clicks on old messages included", f"{full:,.0f} ({full / alone:.0%})"


def _waits(config: Config, size: Size) -> Iterator[tuple[str, str]]:
    """Run commands that change much, and tell how long others waited to write."""
    path = config.store.path
    file, secret = path.with_name("waypost.toml"), config.keys.file
    file.write_text(f'[store]\nurl = "{config.store.url}"\n[keys]\nfile = "{secret}"\n')
    age_days = int((time.time() - BEGUN_S) / DAY_S) - DAYS // 20
    since = time.strftime("%Y-%m-%d", time.gmtime(BEGUN_S + (DAYS - 10) * DAY_S))
    commands = {
        "forget": (person_name(size.persons // 2),),
        "purge": ("--older-than", f"{age_days}d", "--insist"),
        "reclassify": ("--since", since),
    }
    waypost = Path(sys.executable).with_name("waypost")
    for name, arguments in commands.items():
        begun_s = time.perf_counter()
        with watched(path) as waited:
            subprocess.run(
                [waypost, name, "-c", file, *arguments], check=True, stdout=subprocess.DEVNULL
            )
        took_s = time.perf_counter() - begun_s
        yield (
            f"longest wait for the write lock: {name}",
            f"{waited.longest_s:.2f} s of {took_s:.0f} s",
        )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("What")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _config(path: Path) -> Config:
    """Return the configuration of a store, with keys beside it."""
    secret = path.with_name("token.keys")
    if not secret.exists():
        token_keys.write_token_keys(secret, [token_keys.new_token_key()])
    return Config(store=StoreConfig(url=f"sqlite:///{path}"), keys=KeysConfig(file=secret))


def _measure(folder: Path, arguments: argparse.Namespace) -> None:
    size, path = Size(arguments.clicks), folder / "waypost.db"
    config = _config(path)
    if not path.exists():
        make(config.store, size, quiet=False)
    columns = ("p50 ms", "p95 ms", "p50 CPU ms", "p95 CPU ms")
    asked = _table(f"Questions to {size.clicks:,} clicks", *columns)
    for name, took in questions.asked(config, size, arguments.times):
        found = (took.p50, took.p95, took.cpu_p50, took.cpu_p95)
        asked.add_row(name, *(f"{each:,.0f}" for each in found))
    console = Console()
    console.print(asked)
    costs = _table("What it costs", "Figure")
    taken = octets.taken(config)
    costs.add_row("octets a click, sums and sets included", f"{taken.click:,.0f}")
    costs.add_row("octets a message to one reader", f"{taken.message:,.0f}")
    costs.add_row("octets of the file a click", f"{path.stat().st_size / size.clicks:,.0f}")
    for row in _feeding(config, folder):
        costs.add_row(*row)
    if arguments.locks:
        for row in _waits(config, size):
            costs.add_row(*row)
    console.print(costs)


def main() -> None:
    """Make a store, or find it, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clicks", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept")
    parser.add_argument("--times", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--locks", action="store_true", help="forget, purge and judge anew, too")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        _measure(arguments.folder, arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), arguments)


if __name__ == "__main__":
    main()
