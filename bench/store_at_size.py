"""What a store of ten million clicks is asked, costs and makes wait: `make bench-store`.

`python bench/store_at_size.py 10000000` makes a store of that many clicks (default: 1,000,000) with
random ids (`big_store`), in a temporary folder or in `--folder`, where a later run finds it again. It tells
how long each question takes, 50 and 95 of 100 times, each time with other arguments and a connection of
its own; octets a click and a message; how fast events are fed to an empty store and to this one, clicks on
old messages included; and, with `--locks`, how long others had to wait for the write lock while a person was
forgotten, a twentieth purged and ten days judged anew. How long an upgrade takes, `upgrade.py` tells.
"""

import argparse
import functools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import api_at_size
import pages_at_size
from big_store import BEGUN_S, DAYS, IDENTIFIER, LINKS, Size, link_name, make, person_name
from pages_at_size import PAGES
from rich.console import Console
from rich.table import Table
from write_locks import watched

from config.keys import token_keys
from config.schema import Config, KeysConfig, StoreConfig
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.catch_up import catch_up
from tracker.reports import activity, clicks, known, summary
from tracker.reports.breakdown import breakdown
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite
from tracker.store import database, persons
from tracker.store.keys import message_text
from tracker.store.reserved import DAY_S

CLICKS_OF = ("clicks", "arrivals", "clicked_by", "cohorts", "hours", "counters", "destinations")
"""Tables that grow with clicks; of the others, those of messages tell the octets of a message."""
MESSAGES_OF = ("messages", "deliveries", "details")
PAGE = 1000
NEW_MESSAGES = 4000
TURNS = 5

Question = Callable[[SQLite, random.Random], Any]


def _campaign(chance: random.Random) -> str:
    return f"Campaign {chance.randrange(DAYS) + 1}"


def _days(chance: random.Random, days: int) -> dict[str, float]:
    first = BEGUN_S + chance.randrange(DAYS - days + 1) * DAY_S
    return {"since_s": first, "until_s": first + days * DAY_S}


def _link(chance: random.Random) -> str:
    return link_name(chance.randrange(DAYS) + 3, chance.randrange(LINKS))


def _questions(size: Size) -> dict[str, Question]:
    def person(chance: random.Random) -> str:
        return person_name(chance.randrange(size.persons) + 1).upper()

    return {
        "report": lambda db, _: summary.report(db),
        "report of a campaign": lambda db, chance: summary.report(db, campaign=_campaign(chance)),
        **{
            f"report of {days} days": lambda db, chance, days=days: summary.report(
                db, **_days(chance, days)
            )
            for days in (1, 30, 90, 200)
        },
        "report of a campaign in 90 days": lambda db, chance: summary.report(
            db, campaign=_campaign(chance), **_days(chance, 90)
        ),
        "clickers of a link": lambda db, chance: list(clicks.clickers(db, _link(chance))),
        "activity of a person": lambda db, chance: list(
            activity.activity(db, *known.person(db, person(chance)))
        ),
        "a thousand clicks after a cursor": lambda db, chance: list(
            islice(clicks.clicks(db, after=chance.randrange(size.clicks // 2)), PAGE)
        ),
        "by day": lambda db, _: list(breakdown(db, "day")),
        "by hour, 30 days": lambda db, chance: list(breakdown(db, "hour", **_days(chance, 30))),
        "by link, a campaign": lambda db, chance: list(
            breakdown(db, "link", campaign=_campaign(chance))
        ),
        "by sender, a day": lambda db, chance: list(breakdown(db, "sender", **_days(chance, 1))),
        "by recipient-domain, a day": lambda db, chance: list(
            breakdown(db, "recipient-domain", **_days(chance, 1))
        ),
        "who is behind an id": lambda db, chance: persons.behind_id(
            db, IDENTIFIER, IDENTIFIER.hashed(person(chance).lower())
        ),
    }


def _asked(config: Config, size: Size, times: int) -> Iterator[tuple[str, list[float]]]:
    """Ask each question and page, and make each call of the API, so often; yield its name and what `_timed` tells."""

    def answer(question: Question, chance: random.Random) -> None:
        with database.reading(config.store) as db:
            question(db, chance)

    for name, question in _questions(size).items():
        yield name, _timed(partial(answer, question), random.Random(name), times)
    for name, page in PAGES.items():
        yield name, _timed(partial(pages_at_size.asked, config, page), random.Random(name), times)
    ask = api_at_size.Asking(config)
    for name, call in api_at_size.calls(config).items():
        yield f"API: {name}", _timed(partial(ask, call), random.Random(name), times)


def _timed(ask: Callable[[random.Random], None], chance: random.Random, times: int) -> list[float]:
    """Return ms: of 50 and 95 in a hundred, then of the processor."""
    found = []
    for _ in range(times):
        begun_s, used_s = time.perf_counter(), time.process_time()
        ask(chance)
        now_s = time.perf_counter()
        found.append((1000 * (now_s - begun_s), 1000 * (time.process_time() - used_s)))
    wall, used = (sorted(each) for each in zip(*found, strict=True))
    most = min(len(found) - 1, int(0.95 * len(found)))
    return [statistics.median(wall), wall[most], statistics.median(used), used[most]]


def _octets(db: SQLite, tables: tuple[str, ...]) -> int:
    """Return the octets of tables with their indexes."""
    of_tables = " OR ".join(f"tbl_name GLOB '{each}*'" for each in tables)
    names = f"SELECT name FROM sqlite_master WHERE {of_tables}"
    sql = f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({names})"
    return int(db.execute(sql).fetchone()[0])


def _events(chance: random.Random, begun_s: int, old: list[tuple[int, int]]) -> Iterator[Event]:
    """Yield messages with their clicks, and for each tenth one a click on an old message."""
    links = _links([f"https://www.example.com/news/{n}" for n in range(LINKS)])
    for number in range(NEW_MESSAGES):
        sent_s, message = begun_s + number, f"{chance.getrandbits(64):016x}"
        reader = Recipient(1, person_name(chance.randrange(20_000) + 1))
        yield MessagePending(
            *(message, sent_s, "example.com", "News"),
            shared=False,
            recipients=(reader,),
            links=links,
            sent_s=sent_s,
        )
        yield MessageAccepted(message, sent_s + 0.2, (1,), sent_s=sent_s)
        for _ in range(5):
            yield _click(chance, message, sent_s, links)
        if old and number % 10 == 0:
            old_s, old_message = chance.choice(old)
            yield _click(chance, message_text(old_message), old_s, _links_of_day(old_s))


def _links(urls: Iterable[str]) -> tuple[SentLink, ...]:
    return tuple(SentLink(n, url, None, f"News {n}") for n, url in enumerate(urls, 1))


@functools.cache
def _links_of_day(sent_s: int) -> tuple[SentLink, ...]:
    """Return the links of the messages that `big_store` sent then."""
    campaign = (sent_s - BEGUN_S) // DAY_S + 3
    return _links([link_name(campaign, number) for number in range(LINKS)])


def _click(
    chance: random.Random, message: str, sent_s: int, links: tuple[SentLink, ...]
) -> Clicked:
    at_s = sent_s + chance.expovariate(1 / 20_000)
    link = chance.choice(links)
    return Clicked(
        event_id=f"{int(at_s * 1000):012x}{chance.getrandbits(80):020x}",
        at_s=at_s,
        message_id=message,
        recipient=1,
        link=link.number,
        sent_at_s=sent_s,
        destination=link.url,
        method="GET",
        human=True,
        reasons=(),
        ip="198.51.100.0",
        user_agent=f"Mozilla/5.0 (variant {chance.randrange(300)})",
    )


def _fed(config: Config, begun_s: int, old: list[tuple[int, int]]) -> float:
    """Feed events to a store; return how many a second of the processor's time."""
    events = list(_events(random.Random(begun_s), begun_s, old))
    spool = Spool.open(config.store.spool_dir, "tracker")
    for future in [spool.append(event) for event in events]:
        future.result()
    spool.close()
    begun_s = time.process_time()
    catch_up(config, patience_s=3600)
    return len(events) / (time.process_time() - begun_s)


def _feeding(config: Config, folder: Path) -> Iterator[tuple[str, str]]:
    """Feed the same to an empty store and to this one, in turns; yield the median of each.

    What is new was sent after all that is there, in each turn.
    """
    turns = []
    for _ in range(TURNS):
        begun_s, old = _old(config)
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            url = f"sqlite:///{empty}/waypost.db"
            alone = _fed(Config(store=StoreConfig(url=url)), begun_s, [])
        turns.append((alone, _fed(config, begun_s, old)))
    alone, full = (statistics.median(each) for each in zip(*turns, strict=True))
    yield "events a second into an empty store", f"{alone:,.0f}"
    yield "… into this one, clicks on old messages included", f"{full:,.0f} ({full / alone:.0%})"


def _old(config: Config) -> tuple[int, list[tuple[int, int]]]:
    """Return the second after all messages were sent, and some of them, of all days."""
    sql = "SELECT sent_s, message_id FROM messages WHERE sent_s >= ? LIMIT 1"
    with database.reading(config.store) as db:
        latest_s = db.execute("SELECT max(sent_s) FROM messages").fetchone()[0]
        chance = random.Random(latest_s)
        moments = [BEGUN_S + chance.randrange((DAYS - 1) * DAY_S) for _ in range(NEW_MESSAGES)]
        return latest_s + 1, [db.execute(sql, [each]).fetchone() for each in moments]


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
        make(path, size, quiet=False)
    columns = ("p50 ms", "p95 ms", "p50 CPU ms", "p95 CPU ms")
    asked = _table(f"Questions to {size.clicks:,} clicks", *columns)
    for name, found in _asked(config, size, arguments.times):
        asked.add_row(name, *(f"{each:,.0f}" for each in found))
    console = Console()
    console.print(asked)
    costs = _table("What it costs", "Figure")
    with database.reading(path) as db:
        clicked, sent = (db[each].count for each in ("clicks", "messages"))
        costs.add_row(
            "octets a click, sums and sets included", f"{_octets(db, CLICKS_OF) / clicked:,.0f}"
        )
        costs.add_row("octets a message to one reader", f"{_octets(db, MESSAGES_OF) / sent:,.0f}")
    costs.add_row("octets of the file a click", f"{path.stat().st_size / clicked:,.0f}")
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
