"""The events that proxy and tracker append to their spools, and their form on disk.

Owns: what is told of a message, of a click and of an open, as values, and their JSON.
Does not own: files (`tracker.spool.writer`, `tracker.spool.segments`), rows
(`tracker.counting.batch`), or what counts as a human (`tracker.judging`).

Events may reach the store in any order, and more than once: they name what happened, and the
store merges them. All events of one `message_id` carry the same campaign and links.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from operator import attrgetter
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from config.value_objects import value

_ORIGIN = re.compile(r"(https?://)(?:[^/?#\\]*@)?([^/?#\\@]*)", re.IGNORECASE)

Number = Annotated[int, Field(ge=0, lt=2**63)]
"""What both JSON and SQLite can hold."""

Moment = Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]
"""Seconds since 1970, within the next 3,000 years."""

_UNLESS_EMPTY = Field(exclude_if=lambda value: not value)
"""Left out where it says nothing: what is erased of an old event has to fit in its place."""

Outcome = Literal["delivered", "refused", "in_doubt"]
"""What the relay made of a message; in doubt where it did not answer."""

SentSecond = Annotated[Number | None, Field(exclude_if=lambda value: value is None)]
"""The second since 1970 that a message's tokens tell, by which and by its id it is named. Events of
earlier versions have none: it is that of their `at_s`, or next to it."""

MAX_NAME = 200
"""Characters of a campaign's name, a group's or a person's id, wherever they come from."""


class BadEvent(ValueError):
    """A spool record that no known version of Waypost wrote."""


LinkFields = tuple[int, str, str | None, str, tuple[str, ...]]
"""A link's number, URL, group, text, and the parameters that are ignored."""


@value
class SentLink:
    """A tracked link of a message: its number there, its URL less what varies, and its text.

    `group` is what reports call it, None where that is `url`: the destination that a click tells,
    less the parameters whose names are written as those in `ignored`. Then nothing need be stored
    of the URL before somebody clicks.
    """

    number: Number
    url: str
    group: str | None
    text: str
    ignored: tuple[str, ...] = ()


link_fields: Callable[[SentLink], LinkFields] = attrgetter(
    "number", "url", "group", "text", "ignored"
)
"""Return a link's fields. Compared and hashed by Python itself, where a link's own methods are calls of ours."""


@value
class LinkSet:
    """Links that the messages after it in a segment have in common; they call them by `name`."""

    name: str
    links: tuple[SentLink, ...]
    kind: Literal["links"] = "links"


@value
class Recipient:
    """One addressee. `number` is 1-based; 0 stands for a copy shared by several."""

    number: Number
    address: str
    person: str | None = None


@value
class MessagePending:
    """A message with tracked links or a pixel, about to be committed to the relay.

    `recipients` are those whom the relay accepted; with `shared` they all got the same copy,
    whose tokens carry recipient number 0. `links` are all tracked links, whatever the copy, those of a
    tracked plaintext part besides those of HTML. `opens`: it carries a pixel; then `links` may be empty.

    In a segment, `links` that a message before it had stand once for all that have the same, as a LinkSet of
    the name `link_set` (`tracker.spool.link_sets`).
    """

    message_id: str
    at_s: Moment
    sender_domain: str
    campaign: str | None
    shared: bool
    recipients: tuple[Recipient, ...]
    links: tuple[SentLink, ...]
    opens: bool = False
    link_set: Annotated[str | None, _UNLESS_EMPTY] = None
    sent_s: SentSecond = None
    kind: Literal["pending"] = "pending"


@value
class MessageAccepted:
    """The relay said 250 to `message_id` (hexadecimal) for these recipient numbers.

    `at_s` is the message's, so that both are purged at once. `links` and `opens` say whether tracked
    links are in it, and whether a pixel is.
    """

    message_id: str
    at_s: Moment
    recipients: tuple[Number, ...]
    links: bool = True
    opens: bool = False
    sent_s: SentSecond = None
    kind: Literal["accepted"] = "accepted"


@value
class MessageRefused:
    """These recipient numbers of `message_id` did not get it, for certain: it is not in doubt.

    `at_s` is the message's. `links` says whether tracked links are in it.
    """

    message_id: str
    at_s: Moment
    recipients: tuple[Number, ...]
    links: bool = True
    sent_s: SentSecond = None
    kind: Literal["refused"] = "refused"


@value
class MessageHandled:
    """What became of a message, or of the copy of some of its recipients; also of one left untouched.

    `sent_s` is when it was sent, in whole seconds, as its links know it; `number` is that of its first
    recipient. `recipients` are those of whom no MessagePending tells. `sender` is the envelope's; `reply` the
    relay's, or ours; `untouched` why nothing in it was changed, None where something was. It is kept apart from
    what is counted, and for a shorter time (`[privacy] details`).
    """

    message_id: str
    sent_s: Number
    number: Number
    sender: str
    outcome: Outcome
    reply: str
    recipients: tuple[Recipient, ...] = ()
    subject: str = ""
    header_message_id: str | None = None
    queue_id: str | None = None
    relay: str | None = None
    client: str | None = None
    account: str | None = None
    untouched: str | None = None
    kind: Literal["handled"] = "handled"


@value
class Clicked:
    """A link was requested. `event_id` makes feeding the store idempotent.

    `recipient` is 0 for a shared token. `ip` has already been made private. `signals` are what its
    request showed of a machine (`tracker.judging.signals`), `network` whose visitor's it was, as judging
    compares them (maybe a pseudonym, `tracker.privacy.pseudonyms`); events of earlier versions have neither (`tracker.counting.model.made`).

    `asks_for_privacy`: its reader asked not to be tracked, and that is heeded (`[privacy] heed_gpc`).

    `human` and `reasons` are what the request says by itself, which is all that earlier versions know;
    with the other clicks on the copy, a click may be judged otherwise.
    """

    event_id: str
    at_s: Moment
    message_id: str
    recipient: Number
    link: Number
    sent_at_s: Number
    destination: str
    method: str
    human: bool
    reasons: tuple[str, ...]
    ip: str | None
    user_agent: str
    signals: Annotated[tuple[str, ...], _UNLESS_EMPTY] = ()
    network: Annotated[str | None, _UNLESS_EMPTY] = None
    asks_for_privacy: Annotated[bool, _UNLESS_EMPTY] = False
    kind: Literal["clicked"] = "clicked"


@value
class Opened:
    """A pixel was requested. `event_id` and `recipient` are those of a click.

    Nothing is kept of who asked: no address, no user agent.
    """

    event_id: str
    at_s: Moment
    message_id: str
    recipient: Number
    sent_at_s: Number
    human: bool
    kind: Literal["opened"] = "opened"


Event = MessagePending | MessageAccepted | MessageRefused | MessageHandled | Clicked | Opened
Told = Event | LinkSet
"""What a line of a segment tells."""

_ADAPTER: TypeAdapter[Told] = TypeAdapter(
    Annotated[Told, Field(discriminator="kind")],
    config=ConfigDict(defer_build=True),  # most commands meet no event
)


def encode(event: Told) -> bytes:
    """Return one line of JSON in UTF-8, without its newline. What UTF-8 cannot hold is escaped.

    It is what the adapter would write, in a fraction of its time: mail and readers wait for it, and a
    process that only writes events need not make the adapter, which takes 50 ms.
    """
    try:
        return _WRITERS[type(event)](event).encode()
    except UnicodeEncodeError:
        return encode(_printable(event))


def encode_apart(pending: MessagePending, link_set: str) -> bytes:
    """Return the event of a message whose links stand in a set of this name, as `encode` of one without them."""
    try:
        return _pending_of(pending, "[]", link_set).encode()
    except UnicodeEncodeError:
        return encode_apart(_printable(pending), link_set)


def encode_with(pending: MessagePending, links: tuple[LinkFields, ...]) -> bytes:
    """Return the event of a message of these links, as `encode` does."""
    try:
        return _pending_of(pending, _links_of(links), None).encode()
    except UnicodeEncodeError:
        return encode(pending)


def encode_unnamed(links: tuple[LinkFields, ...]) -> bytes:
    """Return the set of these links, without its name, as `encode` would."""
    try:
        return _link_set_of("", _links_of(links)).encode()
    except UnicodeEncodeError:
        return encode_unnamed(_printable(links))


def _click(click: Clicked) -> str:
    text = (
        f'{{"event_id":{_quoted(click.event_id)},"at_s":{click.at_s!r},'
        f'"message_id":{_quoted(click.message_id)},"recipient":{click.recipient},'
        f'"link":{click.link},"sent_at_s":{click.sent_at_s},'
        f'"destination":{_quoted(click.destination)},"method":{_quoted(click.method)},'
        f'"human":{_WORDS[click.human]},"reasons":{_array(click.reasons)},'
        f'"ip":{_or_null(click.ip)},"user_agent":{_quoted(click.user_agent)}'
    )
    if click.signals:
        text += f',"signals":{_array(click.signals)}'
    if click.network:
        text += f',"network":{_quoted(click.network)}'
    if click.asks_for_privacy:
        text += f',"asks_for_privacy":{_WORDS[True]}'
    return f'{text},"kind":"clicked"}}'


def _opened(opened: Opened) -> str:
    return (
        f'{{"event_id":{_quoted(opened.event_id)},"at_s":{opened.at_s!r},'
        f'"message_id":{_quoted(opened.message_id)},"recipient":{opened.recipient},'
        f'"sent_at_s":{opened.sent_at_s},"human":{_WORDS[opened.human]},"kind":"opened"}}'
    )


def _pending(pending: MessagePending) -> str:
    return _pending_of(pending, _links(pending.links), pending.link_set)


def _pending_of(pending: MessagePending, links: str, link_set: str | None) -> str:
    """Return a message's event with these links, or with the name of their set."""
    text = (
        f'{{"message_id":{_quoted(pending.message_id)},"at_s":{_moment(pending.at_s)},'
        f'"sender_domain":{_quoted(pending.sender_domain)},'
        f'"campaign":{_or_null(pending.campaign)},"shared":{_WORDS[pending.shared]},'
        f'"recipients":{_recipients(pending.recipients)},"links":{links},'
        f'"opens":{_WORDS[pending.opens]}'
    )
    if link_set:
        text += f',"link_set":{_quoted(link_set)}'
    return f'{text}{_sent(pending.sent_s)},"kind":"pending"}}'


def _accepted(accepted: MessageAccepted) -> str:
    return (
        f'{{"message_id":{_quoted(accepted.message_id)},"at_s":{_moment(accepted.at_s)},'
        f'"recipients":{_numbers(accepted.recipients)},"links":{_WORDS[accepted.links]},'
        f'"opens":{_WORDS[accepted.opens]}{_sent(accepted.sent_s)},"kind":"accepted"}}'
    )


def _refused(refused: MessageRefused) -> str:
    return (
        f'{{"message_id":{_quoted(refused.message_id)},"at_s":{_moment(refused.at_s)},'
        f'"recipients":{_numbers(refused.recipients)},"links":{_WORDS[refused.links]}'
        f'{_sent(refused.sent_s)},"kind":"refused"}}'
    )


def _handled(handled: MessageHandled) -> str:
    return (
        f'{{"message_id":{_quoted(handled.message_id)},"sent_s":{handled.sent_s},'
        f'"number":{handled.number},"sender":{_quoted(handled.sender)},'
        f'"outcome":"{handled.outcome}","reply":{_quoted(handled.reply)},'
        f'"recipients":{_recipients(handled.recipients)},"subject":{_quoted(handled.subject)},'
        f'"header_message_id":{_or_null(handled.header_message_id)},'
        f'"queue_id":{_or_null(handled.queue_id)},"relay":{_or_null(handled.relay)},'
        f'"client":{_or_null(handled.client)},"account":{_or_null(handled.account)},'
        f'"untouched":{_or_null(handled.untouched)},"kind":"handled"}}'
    )


def _link_set(link_set: LinkSet) -> str:
    return _link_set_of(link_set.name, _links(link_set.links))


def _link_set_of(name: str, links: str) -> str:
    return f'{{"name":{_quoted(name)},"links":{links},"kind":"links"}}'


_WRITERS: dict[type, Callable[[Any], str]] = {
    Clicked: _click,
    Opened: _opened,
    MessagePending: _pending,
    MessageAccepted: _accepted,
    MessageRefused: _refused,
    MessageHandled: _handled,
    LinkSet: _link_set,
}
_WORDS = {False: "false", True: "true"}


def _array(values: tuple[str, ...]) -> str:
    return f"[{','.join(map(_quoted, values))}]"


def _numbers(values: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, values))}]"


def _recipients(recipients: tuple[Recipient, ...]) -> str:
    written = [
        f'{{"number":{each.number},"address":{_quoted(each.address)},'
        f'"person":{_or_null(each.person)}}}'
        for each in recipients
    ]
    return f"[{','.join(written)}]"


def _links(links: tuple[SentLink, ...]) -> str:
    return _links_of(map(link_fields, links))


def _links_of(links: Iterable[LinkFields]) -> str:
    written = [
        f'{{"number":{number},"url":{_quoted(url)},'
        f'"group":{"null" if group is None else _quoted(group)},'
        f'"text":{_quoted(text)},"ignored":{_array(ignored) if ignored else "[]"}}}'
        for number, url, group, text, ignored in links
    ]
    return f"[{','.join(written)}]"


_moment = lru_cache(maxsize=4, typed=True)(repr)
"""Return a moment as JSON has it. All events of a message tell the same, and finding the digits of one takes
as long as writing all else of a short event."""


def _sent(sent_s: int | None) -> str:
    return "" if sent_s is None else f',"sent_s":{sent_s}'


def _or_null(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def decode(line: bytes) -> Told:
    """Read back what `encode` wrote; raises BadEvent for anything else."""
    try:
        told: Told = _ADAPTER.validator.validate_json(line, strict=True)
    except ValidationError as error:
        raise BadEvent(f"not an event: {line[:80]!r}") from error
    return told


def _printable(value: Any) -> Any:  # noqa: ANN401 - walks the fields of any event
    """Return the value with what UTF-8 cannot hold escaped in every string."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, tuple):
        return tuple(_printable(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{field.name: _printable(getattr(value, field.name)) for field in fields(value)}
        )
    return value


def erased(click: Clicked) -> Clicked:
    """Return a click of somebody who was forgotten, or asked not to be tracked, without what tells of them.

    Of the destination its host is left: nobody knows any more how the rest told of whom. Where the
    whole of it is the name of a link that the store has, the click counts there all the same.
    """
    found = _ORIGIN.match(click.destination)
    origin = f"{found[1]}{found[2]}/"[: len(click.destination)] if found else ""
    return replace(click, destination=origin, ip=None, network=None, user_agent="")


def purged(click: Clicked) -> Clicked:
    """Return a click on a link of a purged message, of which only that it happened is kept."""
    return replace(click, destination="", ip=None, network=None, user_agent="")
