"""`waypost message`: the whole story of a message, by whatever people know of it.

Owns: the command, and how a story reads.
Does not own: the story (`tracker.reports.story`), or bringing the store up to date (`common`).
"""

from collections.abc import Iterable, Iterator

import click

from config.cli.listing import Form, form_option, print_csv, print_json
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import current_store
from tracker.details.lookup import MOST_FOUND
from tracker.reports import story
from tracker.reports.figures import Json

ROWS = ("message", *story.EVENTS)
"""Columns in CSV: a row for each thing that happened."""
_COPY = {
    "subject": "subject",
    "header_message_id": "Message-ID",
    "sender": "sender",
    "client": "client",
    "account": "account",
    "untouched": "left alone",
    "outcome": "outcome",
    "relay": "relay",
    "queue_id": "queue id",
    "reply": "reply",
}
"""What is said of each copy, and how it is called."""


@click.command()
@click.argument("name", type=TEXT)
@config_option_without_files
@form_option
def message(config: Config, name: str, form: Form) -> None:
    """Print what became of a message: who handed it in, what the relay said, who clicked.

    NAME is its id in the log, its Message-ID, the relay's queue id, or an address; of several messages,
    each is listed. How it was handed over is kept as long as `[privacy] details` says.
    """
    with current_store(config) as db:
        found = [story.story(db, key) for key in story.find(db, name)]
        if form == "json":
            print_json(found)
        elif form != "people":
            print_csv((row for each in found for row in _rows(each)), form, ROWS)
        elif len(found) == 1:
            _tell(found[0])
        else:
            echo(*map(_listed, found))
            most = f", the latest {MOST_FOUND}" if len(found) == MOST_FOUND else ""
            echo(f"{len(found)} messages{most}; `waypost message ID` tells all of one")


def _rows(told: Json) -> Iterator[Json]:
    """Yield what happened to a message, its delivery first."""
    blank = {"message": told["message"], **dict.fromkeys(story.EVENTS)}
    for each in told["recipients"]:
        event = each["outcome"] or "sent"
        yield {**blank, "at": told["sent_at"], "event": event, "recipient": each["number"]}
    for event in told["events"]:
        yield {**blank, **event}


def _listed(told: Json) -> str:
    """Return a message as one of several, on a line."""
    copies, recipients = told["copies"], told["recipients"]
    outcomes = sorted({each["outcome"] for each in (copies or recipients)} - {None})
    clicks = sum(each["event"] == "clicked" for each in told["events"])
    subject = copies[0]["subject"] if copies else ""
    counts = f"{_count(len(recipients), 'recipient')}, {_count(clicks, 'click')}"
    named = f"{told['campaign'] or '-'}  {subject}".rstrip()
    return f"{told['sent_at']}  {told['message']}  {', '.join(outcomes) or '-'}  {counts}  {named}"


def _tell(told: Json) -> None:
    """Print a message for people."""
    echo(*_facts(told))
    for each in told["recipients"]:
        who = each["address"] or "(a copy shared by several)"
        person = (
            f", person {each['person']}" if each["person"] not in (None, each["address"]) else ""
        )
        clicks = f", {_count(each['clicks'], 'click')}" if each["clicks"] else ""
        number = f"{each['number']} " if len(told["recipients"]) > 1 else ""
        echo(_line("to", f"{number}{who}: {each['outcome'] or 'unknown'}{person}{clicks}"))
    echo(*map(_happened, told["events"]))


def _happened(event: Json) -> str:
    """Return a click or an open on a line."""
    judged = "by a human" if event["human"] else "by a machine"
    reasons = f" ({', '.join(event['reasons'])})" if event["reasons"] else ""
    link = f": {event['link']}" if event["link"] else ""
    whose = f" copy {event['recipient']}" if event["recipient"] else ""
    return f"{event['at']}  {event['event']}{whose} {judged}{reasons}{link}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _facts(told: Json) -> Iterator[str]:
    yield _line("message", told["message"])
    yield _line("sent", told["sent_at"])
    if told["tracked"]:
        yield _line("campaign", told["campaign"] or "-")
    copies: list[Json] = told["copies"]
    same = {name for name in _COPY if len({copy[name] for copy in copies}) == 1}
    yield from _copy(copies[0] if copies else {}, same)
    if len(copies) > 1:
        for copy in copies:
            yield _line("copy", str(copy["number"]))
            yield from _copy(copy, _COPY.keys() - same)
    if not copies:
        yield "How it was handed over is not kept any more, or was not yet (`[privacy] details`)."


def _copy(copy: Json, names: Iterable[str]) -> Iterator[str]:
    wanted = set(names)
    for name, title in _COPY.items():
        if name in wanted and copy.get(name):
            yield _line(title, copy[name])


def _line(name: str, value: str) -> str:
    return f"{name:<13}{value}"
