"""Pages about persons: finding one, and what one was sent and clicked.

Owns: what may be asked of them, and what they show.
Does not own: the questions (`tracker.reports.lookup`), consents (`tracker.decisions`), or what pages look like
(`templates/people.html`, `templates/person.html`).
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.decisions.consents import Consent, ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.pages import query
from tracker.pages.query import MOST_CHARACTERS, View, Words
from tracker.pages.reading import asking
from tracker.pages.rendering import numbers
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import HEADERS, person_url, render
from tracker.pages.views.clicks import LABELS, label_of
from tracker.persons import consent_key, is_opaque
from tracker.reports import known
from tracker.reports.clicks import moment
from tracker.reports.figures import Json
from tracker.reports.known import Unknown
from tracker.reports.lookup import persons as finding
from tracker.reports.lookup.texts import link_texts
from tracker.reports.lookup.timeline import FAR_S, timeline
from tracker.sql.db import Db
from tracker.store.rows import persons
from tracker.urls.reader_id import Identifier

ROWS = 50
LEVELS: Mapping[Consent, str] = {
    Consent.FULL: "full: clicks are counted with their name",
    Consent.ANONYMOUS: "anonymous: clicks are counted, without saying whose",
    Consent.NONE: "none: nothing in their mail is tracked",
}


class PeopleView(View):
    """What a name or an address begins with."""

    q: Words | None = None
    after: Words | None = None


class PersonView(View):
    """Where the page begins: before a moment, in seconds since 1970."""

    after: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """The pages; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            page("/people", self._search, Scope.PERSONS),
            page("/people/{person:path}", self._person, Scope.PERSONS),
        ]

    def _search(self, request: Request) -> Response:
        asked = PeopleView.of(request)
        text = (asked.q or "").strip()
        config = self.config()
        with asking(config) as store:
            found = _found(store.db, text, asked.after)
            only = _only(store.db, config, text, found.rows) if text and not asked.after else None
            if only is not None:
                return RedirectResponse(person_url(only), 303, HEADERS)
            return render(
                request,
                "people.html",
                view=asked,
                text=text,
                not_counted=store.not_counted,
                people=found.rows,
                next=found.cursor,
            )

    def _person(self, request: Request) -> Response:
        name = request.path_params["person"]
        asked = PersonView.of(request)
        before = query.cursor_values(asked.after, float)
        if len(name) > MOST_CHARACTERS:
            raise Unknown("person", f"{name[:60]}…", ())
        with asking(self.config()) as store:
            names = known.person(store.db, name)
            found = timeline(
                store.db, *names, before_s=float(before[0]) if before else FAR_S, limit=ROWS
            )
            addresses = [each for one in names for each in persons.addresses(store.db, one)]
            return render(
                request,
                "person.html",
                view=asked,
                person=name,
                also=sorted({*names, *addresses} - {name}),
                not_counted=store.not_counted,
                events=_events(store.db, found.rows),
                next=None if found.cursor_s is None else query.cursor(found.cursor_s),
                consent=_consent(self.config(), [*names, *addresses]),
                forget=_forget(name),
            )


def _forget(name: str) -> str:
    """Return the command that forgets somebody, for a shell."""
    return shlex.join(["waypost", "forget", *(["--"] if name.startswith("-") else []), name])


def _found(db: Db, text: str, after: str | None) -> finding.Found:
    try:
        return finding.starting_with(db, text, after=after or "", limit=ROWS)
    except ValueError:
        raise InvalidRequest([("after", "is no cursor of this list")]) from None


def _only(db: Db, config: Config, text: str, rows: list[Json]) -> str | None:
    """Return the one person that a text can mean; None where it may be several, or nobody.

    One who is called exactly so is meant also where other names begin so; and destinations are told an id.
    """
    people = {row["person"] for row in rows}
    exactly = [row for row in rows if text.lower() in (row["person"].lower(), row["address"])]
    if len(people) == 1 or len(exactly) == 1:
        return str((exactly or rows)[0]["person"])
    if people:
        return None
    alike = persons.written_alike(db, text)
    if alike or config.keys.file is None or not is_opaque(text):
        return alike[0] if alike else None
    return persons.behind_id(db, Identifier.of(config), text)


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline: what was sent, or clicked (then with `link`, `text`, `judged` and `reasons`)."""

    day: str
    time: str
    kind: str
    message: str
    campaign: str
    campaign_id: int
    subject: str | None = None
    link: str = ""
    link_id: int = 0
    text: str | None = None
    label: str = ""
    judged: str = ""
    reasons: str = ""


def _events(db: Db, rows: Sequence[Json]) -> list[Event]:
    clicked = (row["link_id"] for row in rows if row["event"] == "clicked")
    texts = link_texts(db, clicked)
    return [_event(row, texts) for row in rows]


def _event(row: Json, texts: Mapping[int, str]) -> Event:
    at = numbers.day_and_time(moment(row["at_s"]))
    if row["event"] == "sent":
        about = row["campaign"].for_people, row["campaign_id"], row["subject"]
        return Event(*at, "sent", row["message_id"], *about)
    label = label_of(row)
    return Event(
        *at,
        "clicked",
        row["message_id"],
        row["campaign"] or "(none)",
        row["campaign_id"],
        None,
        row["link"],
        row["link_id"],
        texts.get(row["link_id"]),
        label,
        LABELS[label],
        row["why"],
    )


def _consent(config: Config, names: list[str]) -> tuple[str, ConsentRecord | None]:
    """Return what a person agreed to, in words, and the latest record of it; None: they never said."""
    consents = Consents.from_records(CONSENTS.merged(config.store.file).records)
    said = [found for name in names if (found := consents.latest.get(consent_key(name)))]
    level = consents.of(*names, unsaid=Consent(config.privacy.consent))
    return LEVELS[level], max(said, key=lambda each: each.at, default=None)
