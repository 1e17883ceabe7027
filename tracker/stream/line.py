"""An event as others are told it: a line of JSON, the same whether it is sent or printed.

Owns: the fields of each kind, its id, and what is left out for the sake of readers.
Does not own: the events (`tracker.events`), reading them (`reader`), or what is blanked of the forgotten before
they are read (`tracker.ingest.ingester`, `tracker.erasure.spool`).

`docs/stream.md` describes every field. Two lines of one id tell of the same thing that happened.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from config.schema import Config
from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessageHandled,
    MessagePending,
    MessageRefused,
    Opened,
    Recipient,
    SentLink,
    purged,
)
from tracker.privacy.agents import Agents

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lines:
    """Writes events as a configuration says what is kept of readers."""

    agents: Agents
    retention_s: float
    keeps_details: bool

    @classmethod
    def of(cls, config: Config) -> "Lines":
        """Return what writes lines by a configuration."""
        privacy = config.privacy
        return cls(Agents(privacy.user_agent), privacy.retention, privacy.details > 0)

    def line(self, event: Event, **more: object) -> bytes | None:
        """Return an event as a line, with `more` fields at its end; None where nobody is told of it."""
        if (fields := self.fields(event)) is None:
            return None
        text = json.dumps(fields | more, ensure_ascii=False, separators=(",", ":"))
        return text.encode() + b"\n"

    def fields(self, event: Event) -> Json | None:
        """Return the fields of an event; None where nobody is told of it."""
        match event:
            case MessagePending():
                return _pending(event)
            case MessageAccepted():
                return _outcome(event) | {"links": event.links, "opens": event.opens}
            case MessageRefused():
                return _outcome(event) | {"links": event.links}
            case MessageHandled():
                return _handled(event) if self.keeps_details else None
            case Clicked():
                return None if event.asks_for_privacy else self._clicked(event)
            case Opened():
                return _visit(event)

    def _clicked(self, event: Clicked) -> Json:
        if event.sent_at_s < event.at_s - self.retention_s:
            event = purged(event)
        return _visit(event) | {
            "link_number": event.link,
            "destination": event.destination,
            "method": event.method,
            "reasons": event.reasons,
            "signals": event.signals,
            "ip": event.ip,
            "user_agent": self.agents.kept(event.user_agent),
        }


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def _visit(event: Clicked | Opened) -> Json:
    return {
        "id": event.event_id,
        "kind": event.kind,
        "at": _moment(event.at_s),
        "message_id": event.message_id,
        "sent_s": event.sent_at_s,
        "recipient": event.recipient,
        "human": event.human,
    }


def _pending(event: MessagePending) -> Json:
    return _of_message(event, event.recipients[0].number if event.recipients else 0) | {
        "sender_domain": event.sender_domain,
        "campaign": event.campaign,
        "shared": event.shared,
        "opens": event.opens,
        "recipients": [_recipient(each) for each in event.recipients],
        "links": [_link(each) for each in event.links],
    }


def _outcome(event: MessageAccepted | MessageRefused) -> Json:
    first = event.recipients[0] if event.recipients else 0
    return _of_message(event, first) | {"recipients": event.recipients}


def _of_message(event: MessagePending | MessageAccepted | MessageRefused, number: int) -> Json:
    """Return what all events of a copy have; `number` is that of its first recipient."""
    return {
        "id": f"{event.message_id}-{number}-{event.kind}",
        "kind": event.kind,
        "at": _moment(event.at_s),
        "message_id": event.message_id,
        "sent_s": int(event.at_s) if event.sent_s is None else event.sent_s,
    }


def _handled(event: MessageHandled) -> Json:
    return {
        "id": f"{event.message_id}-{event.number}-{event.kind}-{event.outcome}",
        "kind": event.kind,
        "at": _moment(event.sent_s),
        "message_id": event.message_id,
        "sent_s": event.sent_s,
        "recipient": event.number,
        "sender": event.sender,
        "outcome": event.outcome,
        "reply": event.reply,
        "recipients": [_recipient(each) for each in event.recipients],
        "subject": event.subject,
        "header_message_id": event.header_message_id,
        "queue_id": event.queue_id,
        "relay": event.relay,
        "client": event.client,
        "account": event.account,
        "untouched": event.untouched,
    }


def _recipient(recipient: Recipient) -> Json:
    return {
        "number": recipient.number,
        "address": recipient.address,
        "person": recipient.person,
    }


def _link(link: SentLink) -> Json:
    return {
        "number": link.number,
        "url": link.url,
        "group": link.group or link.url,
        "text": link.text,
    }
