"""Events a second into the spool and into the store, and how long a report takes then.

`python -m bench.store.feeding 1000000` fills that many clicks (default: 50,000). Ten clicks a message,
forty links a message, twenty campaigns; readers come back. The spool is filled and fed in turns, so
that a large run needs little room for it. With `--webhook`, each click is queued for one that takes all.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.keys import token_keys
from config.schema import Config, StoreConfig, WebhookConfig
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.spool.writer import Spool
from tracker.store import database

SENT_S = 1_790_000_000
CAMPAIGNS = 20
CLICKS_A_MESSAGE = 10
LINKS = tuple(
    SentLink(number, f"https://www.example.com/page/{number}", None, f"Page {number}")
    for number in range(1, 41)
)
ROUND = 50_000


def events(clicks: int) -> Iterator[Event]:
    """Return messages, their acceptance and their clicks, as they might come over 30 days."""
    chance = random.Random(1)
    for number in range(clicks // CLICKS_A_MESSAGE):
        message_id, reader = f"{number:016x}", chance.randrange(max(1, clicks // 30))
        at_s = SENT_S + 30 * 86400 * number * CLICKS_A_MESSAGE // clicks
        yield MessagePending(
            *(message_id, at_s, "example.com", f"Campaign {number % CAMPAIGNS}"),
            shared=False,
            recipients=(Recipient(1, f"reader{reader}@example.net"),),
            links=LINKS,
        )
        yield MessageAccepted(message_id, at_s, (1,))
        for n in range(CLICKS_A_MESSAGE):
            yield click(message_id, number * CLICKS_A_MESSAGE + n, at_s, chance)


def click(message_id: str, number: int, sent_at_s: int, chance: random.Random) -> Clicked:
    """Return one click within the two days after sending."""
    link = chance.choice(LINKS)
    human = chance.random() < 0.7
    return Clicked(
        event_id=f"{number:032x}",
        at_s=sent_at_s + chance.uniform(0, 2 * 86400),
        message_id=message_id,
        recipient=1,
        link=link.number,
        sent_at_s=sent_at_s,
        destination=link.url,
        method="GET",
        human=human,
        reasons=() if human else ("head",),
        ip="192.0.2.0",
        user_agent=f"Mozilla/5.0 (variant {number % 300})",
    )


class Stopwatch:
    """Adds up the seconds of the blocks that it times."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._begun


def fill(config: Config, clicks: int) -> tuple[int, float, float]:
    """Fill spool and store in turns; gives how many events, seconds of spooling, of feeding."""
    spooling, feeding = Stopwatch(), Stopwatch()
    spool = Spool.open(config.store.spool_dir, "tracker")
    source = events(clicks)
    count = 0
    while group := [event for event, _ in zip(source, range(ROUND), strict=False)]:
        with spooling:
            for future in [spool.append(event) for event in group]:
                future.result()
        with feeding:
            catch_up(config, patience_s=3600)
        count += len(group)
    spool.close()
    return count, spooling.seconds, feeding.seconds


def report_seconds(config: Config) -> tuple[float, float]:
    """Time a report from the sums, and the whole command with its start."""
    inside = Stopwatch()
    with inside, database.reading(config.store) as db:
        summary.report(db)
    file = config.store.path.with_name("waypost.toml")
    secret = config.store.path.with_name("token.keys")
    token_keys.write_token_keys(secret, [token_keys.new_token_key()])
    file.write_text(f'[store]\nurl = "{config.store.url}"\n[keys]\nfile = "{secret}"\n')
    command = Stopwatch()
    waypost = Path(sys.executable).with_name("waypost")
    with command:
        done = subprocess.run(
            [waypost, "report", "-c", file, "--json"], check=True, capture_output=True
        )
    assert json.loads(done.stdout)["totals"]["messages"] > 0
    return inside.seconds, command.seconds


def main() -> None:
    """Fill a store in a temporary folder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clicks", type=int, nargs="?", default=50_000)
    parser.add_argument("--folder", type=Path, help="where to keep the store, instead of nowhere")
    parser.add_argument("--webhook", action="store_true", help="queue each click for a webhook")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        hook = WebhookConfig(url="http://localhost/", secret_file=Path(), machines=True)
        config = Config(
            store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"),
            webhook=(hook,) if arguments.webhook else (),
        )
        count, spooling_s, feeding_s = fill(config, arguments.clicks)
        inside_s, command_s = report_seconds(config)
        size = config.store.path.stat().st_size
    table = Table(
        title=f"Store: {arguments.clicks:,} clicks, {count:,} events", title_justify="left"
    )
    table.add_column("What")
    table.add_column("Figure", justify="right")
    table.add_row("events a second into the spool, durable", f"{count / spooling_s:,.0f}")
    table.add_row("events a second into the store", f"{count / feeding_s:,.0f}")
    table.add_row("octets of the store a click", f"{size / arguments.clicks:,.0f}")
    table.add_row("report from the sums", f"{1000 * inside_s:,.1f} ms")
    table.add_row("`waypost report --json`, all of it", f"{1000 * command_s:,.0f} ms")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table.add_row("memory at most", f"{peak_kib / 1024:,.0f} MiB")
    Console().print(table)


if __name__ == "__main__":
    main()
