"""What the store keeps of links that differ from reader to reader, parameters of ours included.

`python -m bench.store.personal_links 100000` plans that many messages (default: 10,000) with URL parameters
and ids of readers switched on, each with two links that all have and one that is its reader's own;
nobody clicks. Told are the rows a message, how long a report takes, what housekeeping costs while nothing
is old, and what a purge leaves.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from config.keys.token_keys import new_token_key
from config.schema import Config, IdentifyConfig, StoreConfig, TrackingConfig
from config.telemetry import observe
from proxy.rewrite.submission import Submission
from proxy.rewrite.transformer import Transformer
from tracker.events import Event, MessageAccepted
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.retention import retention
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite
from tracker.store.file import file_store
from tracker.tokens import Keyring
from tracker.urls.reader_id import Identifier

SENT_S = 1_790_000_000.0
TABLES = (
    *("links", "link_sets", "link_set_links", "link_set_ignored", "campaign_links", "sightings"),
    *("slots", "slot_values", "link_set_slots", "link_aliases", "slots_seen_once"),
)
ROUND = 10_000
MAIL = """\
From: shop@example.com
To: reader{number}@example.net
Subject: Spring
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <{number}@example.com>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<a href="https://www.example.com/sale">Sale</a>
<a href="https://www.example.com/news?page=2">News</a>
<a href="https://www.example.com/for/reader{number}@example.net">Yours</a>
"""


def configured(folder: str) -> Config:
    """Return a configuration that adds to destinations whatever it can."""
    return Config(
        store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"),
        tracking=TrackingConfig(
            url_params={"utm_source": "mail", "utm_campaign": "{campaign}"},
            identify=IdentifyConfig(param="wp_id", hosts=("www.example.com",)),
        ),
    )


def events(config: Config, messages: range) -> Iterator[Event]:
    """Return what the proxy tells of these messages."""
    transformer = Transformer(
        config, Keyring([new_token_key()]), {}, Identifier("wp_id", bytes(range(32)))
    )
    for number in messages:
        raw = MAIL.format(number=number).replace("\n", "\r\n").encode()
        to = f"reader{number}@example.net".encode()
        submission = Submission(b"bounces@example.com", (to,), trusted=True)
        pending = transformer.prepare(raw, submission, SENT_S).shared().pending
        assert pending is not None
        yield pending
        yield MessageAccepted(pending.message_id, SENT_S, (1,))


def fill(config: Config, messages: int) -> float:
    """Spool and feed in turns; gives the seconds of feeding."""
    spool = Spool.open(config.store.spool_dir, "proxy")
    feeding_s = 0.0
    for start in range(0, messages, ROUND):
        numbers = range(start, min(start + ROUND, messages))
        for future in [spool.append(event) for event in events(config, numbers)]:
            future.result()
        begun_s = time.perf_counter()
        catch_up(config, patience_s=3600)
        feeding_s += time.perf_counter() - begun_s
    spool.close()
    return feeding_s


def counts(db: SQLite) -> dict[str, int]:
    """Count the rows of each table that this version has."""
    there = set(db.table_names())
    return {name: db[name].count for name in TABLES if name in there}


def purging(db: SQLite, before_s: float) -> float:
    """Purge; gives the seconds that it took."""
    begun_s = time.perf_counter()
    retention.purge(db, before_s)
    return time.perf_counter() - begun_s


def main() -> None:
    """Fill a store in a temporary folder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("messages", type=int, nargs="?", default=10_000)
    messages = parser.parse_args().messages
    observe.configure("error", "console")
    with tempfile.TemporaryDirectory() as folder:
        config = configured(folder)
        feeding_s = fill(config, messages)
        with contextlib.closing(file_store.connect(config.store.path, 5000)) as conn:
            db = SQLite(conn)
            before = counts(db)
            begun_s = time.perf_counter()
            listed = summary.report(db).links_total
            report_s = time.perf_counter() - begun_s
            size_octets = config.store.path.stat().st_size
            idle_s, purge_s = purging(db, SENT_S - 86400), purging(db, SENT_S + 86400)
            after = counts(db)
    rows: Sequence[tuple[str, str]] = (
        ("messages a second into the store", f"{messages / feeding_s:,.0f}"),
        ("octets of the store a message", f"{size_octets / messages:,.0f}"),
        *((f"rows of {name} a message", f"{n / messages:.4f}") for name, n in before.items()),
        ("links in the report", f"{listed:,}"),
        ("report from the sums", f"{1000 * report_s:,.1f} ms"),
        ("purge of nothing", f"{1000 * idle_s:,.1f} ms"),
        ("purge of everything", f"{purge_s:,.2f} s"),
        *((f"rows of {name} after it", f"{n:,}") for name, n in after.items()),
    )
    table = Table(title=f"Personal links: {messages:,} messages", title_justify="left")
    table.add_column("What")
    table.add_column("Figure", justify="right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
