"""Pages about messages: finding one, and what became of it.

Owns: what may be asked of them, and what they show.
Does not own: the questions (`tracker.reports.lookup.messages`, `tracker.reports.story`), or what pages look
like (`templates/messages.html`, `templates/message.html`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.details.lookup import MOST_FOUND
from tracker.pages.query import View, Words
from tracker.pages.reading import asking
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import HEADERS, render
from tracker.pages.views.clicks import shown
from tracker.reports import story
from tracker.reports.known import Unknown
from tracker.reports.log import page as log
from tracker.reports.log.filters import Filter, message_key
from tracker.reports.lookup import messages
from tracker.reports.lookup.messages import Messages as Found
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, is_message_id

ROWS = 50
RECIPIENTS = 500
"""Of one message that are shown."""
CLICKS = 100


class MessagesView(View):
    """What a message is known by: a recipient, its Message-ID, the relay's queue id, its id here."""

    q: Words | None = None
    after: Words | None = None


class MessageView(View):
    """Nothing more may be asked of one message."""


@dataclass(frozen=True, slots=True)
class Messages:
    """The pages; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            page("/messages", self._search, Scope.PERSONS),
            page("/messages/{message}", self._message, Scope.PERSONS),
        ]

    def _search(self, request: Request) -> Response:
        asked = MessagesView.of(request)
        text = (asked.q or "").strip()
        with asking(self.config()) as store:
            found = messages.found(store.db, text) if text else _latest(store.db, asked.after)
        if text and len(found.rows) == 1:
            return RedirectResponse(f"/messages/{found.rows[0]['message']}", 303, HEADERS)
        return render(
            request,
            "messages.html",
            view=asked,
            text=text,
            not_counted=store.not_counted,
            messages=found.rows,
            next=found.cursor,
            is_cut=len(found.rows) == MOST_FOUND,
        )

    def _message(self, request: Request) -> Response:
        MessageView.of(request)
        name = request.path_params["message"]
        if not is_message_id(name):
            raise Unknown("message", name[:60], ())
        with asking(self.config()) as store:
            key = cast("MessageKey", message_key(store.db, name))
            (about,) = messages.told(store.db, [key])
            asked = Filter(message=name)
            clicks = log.page(store.db, asked, limit=CLICKS, newest_first=True)
            copies, recipients = story.handed_over(store.db, key)
            return render(
                request,
                "message.html",
                not_counted=store.not_counted,
                message=about,
                copies=copies[:RECIPIENTS],
                recipients=recipients[:RECIPIENTS],
                more_recipients=len(recipients) > RECIPIENTS,
                clicks=shown(store.db, clicks.rows),
                more_clicks=clicks.more,
            )


def _latest(db: Db, after: str | None) -> Found:
    try:
        return messages.latest(db, after=after or "", limit=ROWS)
    except ValueError:
        raise InvalidRequest([("after", "is no cursor of this list")]) from None
