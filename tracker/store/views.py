"""Views of the store for questions of one's own: what people may rely on, whatever the tables become.

Owns: the views, each column with its meaning, and making them; `make docs` writes the columns into
`docs/explore.md` and what Datasette shows.
Does not own: the tables (`file.schema`), or questions that Waypost asks itself (`tracker.reports`).

Moments are text in ISO 8601 (UTC), ids of messages and clicks hexadecimal digits, verdicts words, figures
those of `waypost report`. What makes text of numbers and octets are functions that PostgreSQL is given
(`tracker.store.server.tables`), and that are written out for SQLite. `sent_s` stands beside them wherever a table is in that order: by it a period is
found without looking at every row. What a question does not name is not looked up.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from tracker.store.reserved import PURGED, PURGED_NAME, RESERVED_NAME

Columns = Mapping[str, tuple[str, str]]
"""Of each column: what it is in SQL, and what it means."""


class Executes(Protocol):
    """A connection of any engine, as far as making views goes."""

    def execute(self, sql: str, /) -> object:
        """Run one statement."""


def _number(octets: str) -> str:
    """Return the number that six octets stand for: SQLite has no function for that."""
    digits = f"hex(substr({octets}, 1, 6))"
    each = (
        f"((instr('0123456789ABCDEF', substr({digits}, {at}, 1)) - 1) << {4 * (12 - at)})"
        for at in range(1, 13)
    )
    return " | ".join(each)


def _moment(seconds: str, milliseconds: str) -> str:
    """Return a moment in ISO 8601, as commands print it."""
    day = f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch')"
    return f"{day} || printf('.%03d+00:00', {milliseconds})"


def _name(table: str) -> str:
    return f"CASE {table}.name WHEN '{RESERVED_NAME}' THEN '{PURGED_NAME}' ELSE {table}.name END"


def _address(octets: str) -> str:
    """Return an IP address as text: of IPv6, every group with its four digits."""
    hexadecimal = f"hex({octets})"
    decimal = (
        f"((instr('0123456789ABCDEF', substr({hexadecimal}, {at}, 1)) - 1) * 16"
        f" + instr('0123456789ABCDEF', substr({hexadecimal}, {at + 1}, 1)) - 1)"
        for at in range(1, 9, 2)
    )
    groups = (f"substr({hexadecimal}, {at}, 4)" for at in range(1, 33, 4))
    return (
        f"CASE length({octets}) WHEN 4 THEN {' || char(46) || '.join(decimal)}"
        f" WHEN 16 THEN lower({' || char(58) || '.join(groups)}) END"
    )


_WRITTEN_OUT: Mapping[str, Callable[[str], str]] = {
    "message_text": lambda number: f"printf('%016x', {number})",
    "octets_text": lambda octets: f"lower(hex({octets}))",
    "moment_text": lambda seconds: _moment(seconds, "0"),
    "click_moment_text": lambda event_id: _moment(
        f"({_number(event_id)}) / 1000", f"({_number(event_id)}) % 1000"
    ),
    "address_text": _address,
}
_CALL = re.compile(rf"\b({'|'.join(_WRITTEN_OUT)})\(([\w.]+)\)")


def in_sqlite(statement: str) -> str:
    """Return a statement in which the functions that PostgreSQL is given are written out."""
    return _CALL.sub(lambda call: _WRITTEN_OUT[call[1]](call[2]), statement)


_SENT: Columns = {
    "message_id": ("message_text({0}.message_id)", "id of the message, 16 hexadecimal digits"),
    "sent_at": ("moment_text({0}.sent_s)", "when the message was sent"),
    "sent_s": ("{0}.sent_s", "the same in seconds since 1970: ask for periods by it"),
}
_CAMPAIGN: Columns = {
    "campaign_id": ("messages.campaign_id", "number of its campaign"),
    "campaign": (_name("campaigns"), "its name; NULL: it has none"),
}


def _message(table: str) -> Columns:
    """Return what names the message of a row."""
    return {name: (sql.format(table), means) for name, (sql, means) in _SENT.items()}


def _looked_up(what: str, table: str, row: str) -> str:
    return f"(SELECT {what} FROM {table} WHERE {table}.id = {row})"  # noqa: S608 - constants


_VERDICT = "CASE WHEN human = 0 THEN 'machine' WHEN doubtful = 1 THEN 'doubtful' ELSE 'human' END"
_CAMPAIGN_OF_CLICK = """(
    SELECT {0} FROM messages CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE messages.sent_s = clicks.sent_s AND messages.message_id = clicks.message_id
)"""
_PERSON_OF_CLICK = """(
    SELECT persons.name FROM messages CROSS JOIN deliveries ON deliveries.sent_s = clicks.sent_s
        AND deliveries.message_id = clicks.message_id AND deliveries.number = clicks.recipient
    CROSS JOIN persons ON persons.id = person_id
    WHERE messages.sent_s = clicks.sent_s AND messages.message_id = clicks.message_id AND shared = 0
)"""
CLICKS: Columns = {
    "event_id": ("octets_text(event_id)", "id of the click, 32 hexadecimal digits"),
    "cursor": ("clicks.arrival", "its place in the order in which clicks were counted"),
    "at": ("click_moment_text(event_id)", "when it was made"),
    "verdict": (
        _looked_up(_VERDICT, "verdicts", "verdict_id"),
        "`human`, `doubtful` (a human's, marked) or `machine`",
    ),
    "score": (_looked_up("score", "verdicts", "verdict_id"), "points of the rules it met"),
    "reasons": (
        _looked_up("reasons", "verdicts", "verdict_id"),
        "these rules, separated by spaces",
    ),
    **_message("clicks"),
    "campaign_id": (_CAMPAIGN_OF_CLICK.format("campaign_id"), "number of its campaign"),
    "campaign": (_CAMPAIGN_OF_CLICK.format(_name("campaigns")), "its name; NULL: it has none"),
    "link_id": ("clicks.link_id", "number of the link that it counts for"),
    "link": (
        _looked_up(_name("links"), "links", "clicks.link_id"),
        "name of the link: its group, else its URL",
    ),
    "destination": (_looked_up("url", "destinations", "destination_id"), "where it led"),
    "person": (_PERSON_OF_CLICK, "who clicked; NULL: nobody knows"),
    "recipient": ("clicks.recipient", "number of the copy's recipient; 0: several share it"),
    "link_number": ("clicks.number", "number of the link in the message"),
    "method": (
        _looked_up("nullif(method, '')", "signal_sets", "signal_set_id"),
        "`GET` or `HEAD`; NULL: not kept any more",
    ),
    "ip": ("address_text(clicks.ip)", "address or network, as `[privacy] ip` keeps it"),
    "user_agent": (
        _looked_up("nullif(name, '')", "user_agents", "user_agent_id"),
        "the agent, as long as it is kept",
    ),
}

_IS_DELIVERY = f"""(
    deliveries.number != 0 AND messages.shared = 0 AND messages.campaign_id != {PURGED}
    AND (deliveries.clicks > 0 OR (accepted = 1 AND link_set_id IS NOT NULL))
)"""


def _of_copies(what: str, where: str = "1 = 1") -> str:
    """Return a sum over the copies of a message."""
    return f"""(
        SELECT {what} FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND {where}
    )"""  # noqa: S608 - constants


_TAKEN = "(accepted = 1 OR clicks > 0)"
_GOT_SHARED = f"""
    CASE WHEN messages.shared = 1 AND messages.campaign_id != {PURGED} THEN CASE
        WHEN {_of_copies("count(*)", f"number = 0 AND {_TAKEN}")} > 0
        THEN {_of_copies("count(*)", "number != 0")}
        ELSE {_of_copies("count(*)", f"number != 0 AND {_TAKEN}")} END
    ELSE 0 END"""
MESSAGES: Columns = {
    **_message("messages"),
    **_CAMPAIGN,
    "sender_domain": ("domains.name", "domain of the sender"),
    "subject": (
        """(SELECT text FROM details JOIN detail_texts ON detail_texts.id = subject_id
            WHERE details.sent_s = messages.sent_s AND details.message_id = messages.message_id
            ORDER BY details.number LIMIT 1)""",
        "its Subject, as long as `[privacy] details` keeps it",
    ),
    "shared": ("messages.shared", "1: several recipients share one copy"),
    "state": (
        f"""CASE WHEN messages.campaign_id = {PURGED} THEN 'purged' WHEN counted = 1 THEN 'sent'
            WHEN unknown = 1 THEN 'unknown' ELSE 'refused' END""",
        (
            "`sent` (it is in the figures), `unknown` (nobody knows whether the relay took it), "
            "`refused`, or `purged`: only clicks on it are known"
        ),
    ),
    "recipients": (_of_copies("count(*)", "number != 0"), "recipients that it had"),
    "deliveries": (_of_copies("count(*)", _IS_DELIVERY), "copies for one recipient, as figures"),
    "clicked_deliveries": (
        _of_copies("count(*)", f"{_IS_DELIVERY} AND clicks_human > 0"),
        "those with a human click",
    ),
    "shared_recipients": (_GOT_SHARED, "recipients of a shared copy that was delivered"),
    "clicks_human": (_of_copies("coalesce(sum(clicks_human), 0)"), "human clicks on all copies"),
    "clicks_doubtful": (_of_copies("coalesce(sum(clicks_doubtful), 0)"), "those that are doubtful"),
    "clicks_all": (_of_copies("coalesce(sum(clicks), 0)"), "clicks of people and machines"),
}
_FROM_MESSAGES = """
    messages LEFT JOIN campaigns ON campaigns.id = messages.campaign_id
    LEFT JOIN domains ON domains.id = domain_id
"""

DELIVERIES: Columns = {
    **_message("deliveries"),
    **_CAMPAIGN,
    "recipient": ("deliveries.number", "number of the recipient; 0: the copy that several share"),
    "person": ("persons.name", "who it is; NULL: not known, or forgotten"),
    "address": ("coalesce(nullif(deliveries.address, ''), persons.name)", "where it was sent"),
    "outcome": (
        "CASE WHEN accepted = 1 THEN 'delivered' WHEN refused = 1 THEN 'refused' ELSE 'unknown' END",
        "what the relay made of it: `delivered`, `refused` or `unknown`",
    ),
    "is_delivery": (
        f"CASE WHEN {_IS_DELIVERY} THEN 1 ELSE 0 END",
        "1: it is one of the deliveries of the figures",
    ),
    "clicks_human": ("deliveries.clicks_human", "human clicks on it"),
    "clicks_doubtful": ("deliveries.clicks_doubtful", "those that are doubtful"),
    "clicks_all": ("deliveries.clicks", "clicks of people and machines"),
}
_FROM_DELIVERIES = """
    deliveries LEFT JOIN messages ON messages.sent_s = deliveries.sent_s
        AND messages.message_id = deliveries.message_id
    LEFT JOIN campaigns ON campaigns.id = messages.campaign_id
    LEFT JOIN persons ON persons.id = deliveries.person_id
"""

_CLICKED: Columns = {
    "clicks_human": ("counters.clicks_human", "human clicks"),
    "clicks_doubtful": ("counters.clicks_doubtful", "those that are doubtful"),
    "clicks_all": ("counters.clicks_all", "clicks of people and machines"),
    "unique_clickers_human": ("counters.unique_human", "people with a human click"),
    "unique_clickers_doubtful": ("counters.unique_doubtful", "those with doubtful ones alone"),
    "unique_clickers_all": ("counters.unique_all", "persons with any click"),
}
CAMPAIGNS: Columns = {
    "campaign_id": ("campaigns.id", "number of the campaign"),
    "campaign": (_name("campaigns"), "its name; NULL: of messages without one"),
    "messages": ("counters.messages", "messages that were sent"),
    "deliveries": ("counters.deliveries", "copies for one recipient"),
    "clicked_deliveries": ("counters.clicked", "those with a human click"),
    "click_rate": (
        "CAST(counters.clicked AS DOUBLE PRECISION) / nullif(counters.deliveries, 0)",
        "clicked deliveries ÷ deliveries, 0 to 1; NULL where there are none",
    ),
    **_CLICKED,
    "shared_messages": ("counters.shared_messages", "messages whose copy several share"),
    "shared_recipients": ("counters.shared_recipients", "recipients of these"),
    "shared_clicks": ("counters.clicks_shared", "clicks on them"),
}
_FROM_CAMPAIGNS = """
    campaigns CROSS JOIN counters
        ON counters.day = 0 AND counters.campaign_id = campaigns.id AND counters.link_id = 0
    WHERE counters.messages > 0 OR counters.clicks_all > 0
"""

_OF_LINK: Columns = {
    "link_id": ("links.id", "number of the link"),
    "link": (_name("links"), "its name: its group, else its URL"),
    "url": (f"coalesce(links.url, {_name('links')})", "a URL of it"),
    "text": ("coalesce(links.text, '')", "the text that people saw"),
}
LINKS: Columns = {**_OF_LINK, **_CLICKED}
CAMPAIGN_LINKS: Columns = {
    "campaign_id": ("counted.campaign_id", "number of the campaign"),
    "campaign": (_name("campaigns"), "its name; NULL: of messages without one"),
    **LINKS,
}
_LISTED = """
    SELECT campaign_links.campaign_id, campaign_links.link_id FROM campaign_links
    WHERE EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
        AND counters.link_id = 0 AND counters.messages > 0
    ) AND NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
        AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = {campaign}
        AND counters.link_id = campaign_links.link_id AND counters.clicks_all > 0
    )
"""
"""Links that a campaign has, and that nobody clicked; those that are each reader's own are one."""
_COUNTED = """
    SELECT campaign_id, link_id FROM counters
    WHERE day = 0 AND {} AND link_id > 0 AND clicks_all > 0
"""
_FROM_LINKS = f"""
    (
        {_COUNTED.format("campaign_id = 0")}
        UNION ALL SELECT DISTINCT 0, link_id FROM ({_LISTED.format(campaign=0)}) AS listed
    ) AS counted JOIN links ON links.id = counted.link_id
    LEFT JOIN counters ON counters.day = 0 AND counters.campaign_id = 0
        AND counters.link_id = counted.link_id AND counters.clicks_all > 0
"""  # noqa: S608 - constants
_FROM_CAMPAIGN_LINKS = f"""
    (
        {_COUNTED.format("campaign_id > 0")}
        UNION ALL {_LISTED.format(campaign="campaign_links.campaign_id")}
    ) AS counted JOIN links ON links.id = counted.link_id
    LEFT JOIN campaigns ON campaigns.id = counted.campaign_id
    LEFT JOIN counters ON counters.day = 0 AND counters.campaign_id = counted.campaign_id
        AND counters.link_id = counted.link_id AND counters.clicks_all > 0
"""


def _or_nothing(columns: Columns) -> Columns:
    """Return columns of figures that are 0 where nothing was counted."""
    return {
        name: (f"coalesce({sql}, 0)" if sql.startswith("counters.") else sql, means)
        for name, (sql, means) in columns.items()
    }


VIEWS: Mapping[str, tuple[str, Columns, str]] = {
    "clicks_v": ("Every click that is kept.", CLICKS, "clicks"),
    "messages_v": ("Every message that is kept.", MESSAGES, _FROM_MESSAGES),
    "deliveries_v": ("Every copy of a message, by recipient.", DELIVERIES, _FROM_DELIVERIES),
    "campaigns_v": ("Campaigns, as in `waypost report`.", CAMPAIGNS, _FROM_CAMPAIGNS),
    "links_v": ("Links over all campaigns.", _or_nothing(LINKS), _FROM_LINKS),
    "campaign_links_v": (
        "Links of each campaign. Clicks add up over campaigns, people do not.",
        _or_nothing(CAMPAIGN_LINKS),
        _FROM_CAMPAIGN_LINKS,
    ),
}
"""Of each view: what a row is, its columns, and the tables that they come from."""


def make(db: Executes, written: Callable[[str], str] = str) -> None:
    """Make all views, in place of those that are there, within the open transaction.

    `written` returns statements as the engine reads them.
    """
    for name, (_, columns, tables) in VIEWS.items():
        selected = ", ".join(f"{sql} AS {column}" for column, (sql, _) in columns.items())
        db.execute(f"DROP VIEW IF EXISTS {name}")
        made = f"CREATE VIEW {name} AS SELECT {selected} FROM {tables}"  # noqa: S608 - constants
        db.execute(written(made))
