"""The API about messages: the latest, those that a name leads to, and all of one.

Owns: these operations.
Does not own: the questions (`tracker.reports.lookup.messages`, `tracker.reports.story`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.api.current import COUNTED, current
from tracker.api.models import Moment, Page
from tracker.api.operations import Json, Operation
from tracker.api.requests import MAX_ROWS, Asked
from tracker.reports import story
from tracker.reports.clicks import moment
from tracker.reports.figures import Json as Row
from tracker.reports.known import Unknown
from tracker.reports.lookup import messages

MessageId = Annotated[
    str, Path(alias="id", pattern="^[0-9a-fA-F]{16}$", description="16 hexadecimal digits.")
]


class MessagesAsked(Asked):
    """What may be asked of messages."""

    search: str | None = Field(
        None,
        min_length=1,
        description="Those that this leads to, the latest hundred: a recipient's address, your own id of "
        "a person, a Message-ID, the relay's queue id, or the message's own id.",
    )
    after: str | None = Field(None, description="Go on behind this: `next` of the answer before.")
    limit: int = Field(100, ge=1, le=MAX_ROWS, description="How many rows at most.")


class Message(BaseModel):
    """A message: `address` is its first recipient's; so many were `accepted` by the relay, or `refused`.

    Subject and outcome are told while `[privacy] details` are kept; of mail without tracking, that is all.
    """

    message: str
    sent_at: Moment
    campaign_id: int | None
    campaign: str | None
    subject: str | None
    recipients: int
    address: str | None
    accepted: int
    refused: int
    outcome: str | None
    clicks: int
    clicks_human: int


class Copy(BaseModel):
    """How a message, or one recipient's copy of it, was handed over."""

    number: int
    outcome: str
    sender: str
    subject: str
    reply: str
    relay: str | None
    client: str | None
    account: str | None
    untouched: str | None
    header_message_id: str | None
    queue_id: str | None


class Recipient(BaseModel):
    """Whom a message went to, and how often they clicked; number 0 is a copy that several share."""

    number: int
    address: str | None
    person: str | None
    outcome: str | None
    clicks: int
    clicks_human: int


class Event(BaseModel):
    """What happened to a message after it was sent."""

    at: Moment
    event: Literal["clicked", "opened"]
    recipient: int | None
    link: str | None
    destination: str | None
    human: bool | None
    reasons: list[str] | None


class Story(BaseModel):
    """All that is known of a message. `campaign` and clicks are known of what was tracked."""

    message: str
    sent_at: Moment
    tracked: bool
    campaign: str | None
    shared: bool | None
    copies: list[Copy]
    recipients: list[Recipient]
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Messages:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/messages",
                self.messages,
                Page[Message],
                "Messages, the latest first",
                (Scope.PERSONS,),
                asks=True,
                also=COUNTED,
            ),
            Operation(
                "GET",
                "/messages/{id}",
                self.message,
                Story,
                "The message",
                (Scope.PERSONS,),
                may_be_unknown=True,
                also=COUNTED,
            ),
        )

    def messages(self, asked: Annotated[MessagesAsked, Query()], response: Response) -> Json:
        """List messages, the latest first: all of them, or those that `search` leads to."""
        if asked.search is not None and asked.after is not None:
            raise InvalidRequest([("after", "does not go with search, which has one page")])
        with current(self.config(), response) as db:
            if asked.search is not None:
                found = messages.found(db, asked.search)
            else:
                try:
                    found = messages.latest(db, after=asked.after or "", limit=asked.limit)
                except ValueError:
                    raise InvalidRequest([("after", "is no cursor of this list")]) from None
        return {"data": [_told(row) for row in found.rows[: asked.limit]], "next": found.cursor}

    def message(self, message_id: MessageId, response: Response) -> Json:
        """Tell what became of a message: who handed it in, what the relay said, who clicked."""
        text = message_id.lower()
        try:
            with current(self.config(), response) as db:
                keys = [key for key in story.find(db, text) if key.text == text]
                if keys:
                    return story.story(db, keys[0])
        except Unknown:
            pass
        raise HTTPException(404, f"no message {text} is known")


def _told(row: Row) -> Json:
    name = row["campaign"]
    campaign = name if name is None or isinstance(name, str) else name.text
    told = {key: value for key, value in row.items() if key != "sent_s"}
    return {**told, "campaign": campaign, "sent_at": moment(row["sent_s"])}
