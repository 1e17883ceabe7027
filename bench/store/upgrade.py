"""How long a store of the first form takes to become one of the second, and how large both are.

`python -m bench.store.upgrade 10000000` makes a store of that many clicks (default: 100,000) in the tables of the
first form, as its programs would have filled it: five clicks a message, campaigns of ten thousand messages
with 25 links, readers who come back, a tenth as many as messages. Then it is upgraded. `--keep FILE` makes
the store there, and leaves both out of the table but the upgrade's own figures.
"""

import argparse
import resource
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.files.store_header import APPLICATION_ID
from tracker.first_form import upgrade
from tracker.first_form.schema import migrations
from tracker.sql.sqlite import SQLite
from tracker.store.file import file_store

SENT_S = 1_780_000_000
DAYS = 200
LINKS = 25
MESSAGES_A_CAMPAIGN = 10_000
CLICKS_A_MESSAGE = 5

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
_ROWS = (
    """INSERT INTO campaigns (id, name)
    SELECT i + 2, 'Campaign ' || i FROM (NUMBERS(:campaigns) SELECT i FROM n)""",
    """INSERT INTO persons (id, name)
    SELECT i, 'reader' || i || '@example.net' FROM (NUMBERS(:persons) SELECT i FROM n)""",
    """INSERT INTO user_agents (id, name)
    SELECT i, 'Mozilla/5.0 (variant ' || i || ')' FROM (NUMBERS(300) SELECT i FROM n)""",
    """INSERT INTO links (id, name, text)
    SELECT i, 'https://www.example.com/' || ((i - 1) / :links) || '/page/' || ((i - 1) % :links + 1),
        'Page ' || i
    FROM (NUMBERS(:campaigns * :links) SELECT i FROM n)""",
    """INSERT INTO link_sets (id, hash, links)
    SELECT i, randomblob(16), :links FROM (NUMBERS(:campaigns) SELECT i FROM n)""",
    """INSERT INTO campaign_links (campaign_id, link_id, day)
    SELECT (id - 1) / :links + 3, id, 1 FROM links""",
    """INSERT INTO messages (id, message_id, sent_at_s, sender_domain, campaign_id, link_set_id,
        shared, counted)
    SELECT i, lower(hex(randomblob(8))), :sent_s + i * :span_s / :messages, 'example.com',
        (i - 1) / :a_campaign + 3, (i - 1) / :a_campaign + 1, 0, 1
    FROM (NUMBERS(:messages) SELECT i FROM n)""",
    """INSERT INTO deliveries (message, number, person_id, accepted, clicks)
    SELECT id, 1, 1 + abs(random()) % :persons, 1, 0 FROM messages""",
    """CREATE TEMP TABLE made AS
    SELECT message, sent_at_s + 259200 * x * x * x * x AS at_s, person_id, campaign_id,
        kind, 1 + abs(random()) % :links AS number
    FROM (
        SELECT messages.id AS message, sent_at_s, campaign_id, person_id,
            (abs(random()) % 100000) / 100000.0 AS x, abs(random()) % 100 AS kind
        FROM messages JOIN deliveries ON message = messages.id
        CROSS JOIN (NUMBERS(10) SELECT i FROM n)
        WHERE abs(random()) % 10 < :a_message
    )""",
    """INSERT INTO clicks (event_id, at_s, message, recipient, number, destination, method, human,
        reasons, ip, user_agent_id, campaign_id, link_id, person_id, signals, doubtful, score)
    SELECT printf('%012x', at_s * 1000) || lower(hex(randomblob(10))), at_s, message, 1, number,
        'https://www.example.com/' || (campaign_id - 3) || '/page/' || number, 'GET', kind < 70,
        CASE WHEN kind < 65 THEN '' WHEN kind < 70 THEN 'no-language/1' ELSE 'burst/1 no-html/1' END,
        '192.0.2.0', 1 + message % 300, campaign_id, (campaign_id - 3) * :links + number, person_id,
        CASE WHEN kind < 65 THEN '' WHEN kind < 70 THEN 'no-language' ELSE 'no-html' END,
        kind BETWEEN 65 AND 69, CASE WHEN kind < 65 THEN 0 WHEN kind < 70 THEN 50 ELSE 140 END
    FROM made ORDER BY at_s""",
    "DROP TABLE made",
    """UPDATE deliveries SET clicks = total, clicks_human = human FROM (
        SELECT message AS clicked, count(*) AS total, sum(human) AS human FROM clicks GROUP BY 1
    ) WHERE message = clicked""",
    *(
        f"""INSERT INTO clickers
        SELECT {campaign} AS campaign, {link} AS link, person_id, sum(human), sum(doubtful), count(*)
        FROM clicks GROUP BY campaign, link, person_id"""
        for campaign, link in (
            ("campaign_id", "link_id"),
            ("0", "link_id"),
            ("campaign_id", "0"),
            ("0", "0"),
        )
    ),
    *(
        f"""INSERT INTO counters (day, campaign_id, link_id, clicks_human, clicks_doubtful, clicks_all)
        SELECT {day} AS day_, {campaign} AS campaign, {link} AS link,
            sum(human), sum(doubtful), count(*)
        FROM clicks GROUP BY day_, campaign, link"""
        for day, campaign, link in (
            ("0", "0", "0"),
            ("0", "campaign_id", "0"),
            ("0", "campaign_id", "link_id"),
            ("0", "0", "link_id"),
            ("CAST(at_s / 86400 AS INTEGER)", "0", "0"),
            ("CAST(at_s / 86400 AS INTEGER)", "campaign_id", "0"),
        )
    ),
    """UPDATE counters SET unique_human = human, unique_doubtful = doubtful, unique_all = total FROM (
        SELECT campaign_id AS campaign, link_id AS link, sum(clicks_human > 0) AS human,
            sum(clicks_human > 0 AND clicks_human = clicks_doubtful) AS doubtful, count(*) AS total
        FROM clickers GROUP BY 1, 2
    ) WHERE day = 0 AND campaign_id = campaign AND link_id = link""",
    *(
        f"""INSERT INTO counters (day, campaign_id, link_id, messages, deliveries, clicked)
        SELECT {day} AS day_, {campaign} AS campaign, 0, count(*), count(*), sum(clicks_human > 0)
        FROM messages JOIN deliveries ON message = messages.id WHERE true GROUP BY day_, campaign
        ON CONFLICT DO UPDATE SET messages = excluded.messages, deliveries = excluded.deliveries,
            clicked = excluded.clicked"""
        for day, campaign in (
            ("0", "0"),
            ("0", "campaign_id"),
            ("CAST(sent_at_s / 86400 AS INTEGER)", "0"),
            ("CAST(sent_at_s / 86400 AS INTEGER)", "campaign_id"),
        )
    ),
)


def make(path: Path, clicks: int) -> None:
    """Make a store of the first form at `path`."""
    messages = max(1, clicks // CLICKS_A_MESSAGE)
    values = {
        "messages": messages,
        "persons": max(1, messages // 10),
        "campaigns": (messages - 1) // MESSAGES_A_CAMPAIGN + 1,
        "links": LINKS,
        "a_campaign": MESSAGES_A_CAMPAIGN,
        "a_message": CLICKS_A_MESSAGE,
        "sent_s": SENT_S,
        "span_s": DAYS * 86400.0,
    }
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA cache_size = -262144")
    conn.execute("PRAGMA synchronous = OFF")
    conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations.apply(SQLite(conn))
    for sql in _ROWS:
        conn.execute(_numbered(sql), values)
        conn.commit()
    conn.close()


def _numbered(sql: str) -> str:
    """Return a statement with its rows of numbers spelled out."""
    before, found, after = sql.partition("NUMBERS(")
    if not found:
        return sql
    most, _, rest = after.partition(")")
    return before + _NUMBERS.format(most) + rest


def sums(path: Path) -> dict[str, tuple[int, ...]]:
    """Return what must be the same before and after."""
    with file_store.connect(path, 1000) as conn:
        return {
            what: conn.execute(sql).fetchone()
            for what, sql in (
                ("messages", "SELECT count(*), sum(counted) FROM messages"),
                ("deliveries", "SELECT count(*), sum(clicks), sum(clicks_human) FROM deliveries"),
                ("clicks", "SELECT count(*), min(number), sum(number), sum(link_id) FROM clicks"),
                ("sums", "SELECT count(*), sum(clicks_all), sum(unique_human) FROM counters"),
            )
        }


def main() -> None:
    """Make a store, upgrade it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clicks", type=int, nargs="?", default=100_000)
    parser.add_argument(
        "--keep", type=Path, help="keep the earlier store there, or take it from there"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.keep and arguments.keep.parent) as folder:
        path = Path(folder) / "waypost.db"
        if arguments.keep and arguments.keep.exists():
            shutil.copy(arguments.keep, path)
        else:
            make(path, arguments.clicks)
            if arguments.keep:
                shutil.copy(path, arguments.keep)
        before, octets = sums(path), path.stat().st_size
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        upgrade.run(path)
        took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
        assert sums(path) == before, (sums(path), before)
        table = _table(path, before["clicks"][0], octets, took_s, cpu_s)
    Console().print(table)


def _table(path: Path, clicks: int, octets: int, took_s: float, cpu_s: float) -> Table:
    table = Table(title=f"Upgrade: {clicks:,} clicks", title_justify="left")
    table.add_column("What")
    table.add_column("Figure", justify="right")
    size = path.stat().st_size
    table.add_row("octets of the earlier store", f"{octets:,}")
    table.add_row("octets of the new one", f"{size:,}")
    table.add_row("seconds", f"{took_s:,.1f}")
    table.add_row("of them of CPU", f"{cpu_s:,.1f}")
    table.add_row("clicks a second", f"{clicks / took_s:,.0f}")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table.add_row("memory at most", f"{peak_kib / 1024:,.0f} MiB")
    return table


if __name__ == "__main__":
    main()
