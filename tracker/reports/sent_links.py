"""Which messages and links were sent, asked before links are withdrawn or repaired.

Owns: the messages of a campaign, and whether the store has a link to a URL.
Does not own: what is decided then (`tracker.decisions.decide`), or what a report lists (`clicks`).
"""

from config.schema import Config
from tracker.sql.db import Db
from tracker.sql.spelling import is_between
from tracker.store.keys import message_text
from tracker.urls.additions import Additions
from tracker.urls.naming import volatile_of
from tracker.urls.params import place, without

_MESSAGES = """
    WITH wanted AS (SELECT id FROM campaigns WHERE name = :campaign)
    SELECT message_id FROM wanted CROSS JOIN counters INDEXED BY counters_days
        ON counters.campaign_id = wanted.id AND link_id = 0 AND counters.messages > 0
        AND day BETWEEN 1 AND :last
    CROSS JOIN messages ON sent_s >= CASE day WHEN 1 THEN 0 ELSE day * 86400 END
        AND sent_s < (day + 1) * 86400 AND messages.campaign_id = wanted.id
    UNION
    SELECT message_id FROM messages WHERE counted = 0 AND sent_s >= 0
        AND campaign_id IN (SELECT id FROM wanted)
"""
_URLS = f"""
    SELECT name FROM links WHERE {is_between("name", "beginning", "end")} AND url IS NULL
    UNION ALL
    SELECT url FROM links WHERE {is_between("url", "beginning", "end")} AND url IS NOT NULL
"""  # noqa: S608 - constants
_LAST_DAY = 1_000_000
_LAST_CHARACTER = chr(0x10FFFF)


def messages_of(db: Db, campaign: str) -> list[str]:
    """Return the ids of the messages of a campaign, in hexadecimal."""
    return [
        message_text(row["message_id"])
        for row in db.query(_MESSAGES, {"campaign": campaign, "last": _LAST_DAY})
    ]


def is_known(db: Db, url: str, config: Config) -> bool:
    """Return whether the store has a link to `url`, named as it was written or as it was sent.

    URLs stand in the store without the parameters that vary from reader to reader.
    """
    additions, volatile = Additions.of(config), volatile_of(config)

    def variants(url: str) -> set[str]:
        urls = (url, *(written for written, _ in additions.written(url)))
        return {without(each, volatile) for each in urls}

    wanted = variants(url)
    beginning = place(url)
    found = db.execute(_URLS, {"beginning": beginning, "end": beginning + _LAST_CHARACTER})
    return any(not wanted.isdisjoint(variants(known)) for (known,) in found)
