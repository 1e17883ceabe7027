"""Which messages and links were sent, asked before links are withdrawn or repaired.

Owns: the messages of a campaign, and whether the store has a link to a URL.
Does not own: what is decided then (`tracker.decisions.decide`), or what a report lists (`clicks`).
"""

from sqlite_utils import Database

from config.schema import Config
from tracker.store.keys import message_text
from tracker.urls.additions import Additions
from tracker.urls.naming import volatile_of
from tracker.urls.params import place, without

_MESSAGES = """
    SELECT message_id FROM messages JOIN campaigns ON campaigns.id = campaign_id
    WHERE campaigns.name = :campaign
"""
_URLS = """
    SELECT ifnull(url, name) AS url FROM links
    WHERE substr(ifnull(url, name), 1, length(:beginning)) = :beginning
"""


def messages_of(db: Database, campaign: str) -> list[str]:
    """Return the ids of the messages of a campaign, in hexadecimal."""
    return [message_text(row["message_id"]) for row in db.query(_MESSAGES, {"campaign": campaign})]


def is_known(db: Database, url: str, config: Config) -> bool:
    """Return whether the store has a link to `url`, named as it was written or as it was sent.

    URLs stand in the store without the parameters that vary from reader to reader.
    """
    additions, volatile = Additions.of(config), volatile_of(config)

    def variants(url: str) -> set[str]:
        urls = (url, *(written for written, _ in additions.written(url)))
        return {without(each, volatile) for each in urls}

    wanted = variants(url)
    found = db.execute(_URLS, {"beginning": place(url)})
    return any(not wanted.isdisjoint(variants(known)) for (known,) in found)
