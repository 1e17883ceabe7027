"""Tracked links for SMS, push and chat, asked of Waypost; and what mail can tell it by headers.

Copy this file into your application. It needs Python 3.9 or newer, and nothing else.

    waypost = Waypost("http://127.0.0.1:8081")
    link = waypost.link("https://www.example.com/parcel", person="4711", short=True, or_plain=True)
    text = f"Your parcel is on its way: {link.url}"

Owns: asking for a link over HTTP (`POST /api/v1/links`), and the names of the headers.
Does not own: what Waypost makes of them; see docs/tracker.md and docs/migration.md there.
"""

from __future__ import annotations

import http.client
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from email.message import EmailMessage

PATH = "/api/v1/links"
CREATED, BAD_REQUEST = 201, 400

log = logging.getLogger(__name__)


class WaypostError(Exception):
    """No link was made."""


class Refused(WaypostError, ValueError):
    """The request makes no sense; `problems` maps each field to what is wrong with it."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = problems


class Unavailable(WaypostError):
    """Waypost cannot be reached, or not now, or not with this password."""


@dataclass(frozen=True)
class Link:
    """A link to hand out: `url`. It leads to `destination`, which is the URL with what was added.

    `message_id` is what `waypost revoke message` takes; None where clicks are not counted.
    """

    url: str
    destination: str
    tracked: bool
    message_id: str | None


@dataclass(frozen=True)
class Waypost:
    """The admin listener of a Waypost, by its address and password; safe to use from any thread.

    `timeout_s` is how long Waypost may take to connect, and between two pieces of its answer.
    """

    address: str = "http://127.0.0.1:8081"
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        try:
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:  # raised for a port that is none
            usable = False
        if not usable:
            raise ValueError(f"not the address of a listener, like {Waypost.address}")

    def link(  # noqa: PLR0913 - these are the fields of the request
        self,
        url: str,
        *,
        person: str | None = None,
        campaign: str | None = None,
        group: str | None = None,
        sender: str | None = None,
        track: bool = True,
        url_params: bool = True,
        short: bool = False,
        or_plain: bool = False,
    ) -> Link:
        """Return a link to `url`; raises Refused and Unavailable.

        With `or_plain`, it is `url` itself where Waypost is unavailable, and the log has a warning.
        """
        names = {"person": person, "campaign": campaign, "group": group, "sender": sender}
        switches = {"track": track, "url_params": url_params, "short": short}
        given = {name: value for name, value in names.items() if value is not None}
        try:
            return self._make({"url": url, **switches, **given})
        except Unavailable as error:
            if not or_plain:
                raise
            log.warning("a plain URL goes out instead of a tracked link: %s", error)
            return Link(url, url, tracked=False, message_id=None)

    def _make(self, request: dict[str, object]) -> Link:
        status, body = self._post(json.dumps(request).encode("ascii"))
        try:
            if status == CREATED:
                return Link(body["url"], body["destination"], body["tracked"], body["message_id"])
            if status == BAD_REQUEST:
                raise Refused({each["field"]: each["problem"] for each in body["problems"]})
            why = body["error"]
        except (KeyError, TypeError):
            why = "nothing that Waypost would"
        raise Unavailable(f"{self.address} answered {status}: {why}")

    def _post(self, body: bytes) -> tuple[int, Any]:
        """Return status and JSON. Our password goes to no proxy, and follows no redirect."""
        parts = urlsplit(self.address)
        https = parts.scheme == "https"
        kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        headers: dict[str, str | bytes] = {"Content-Type": "application/json"}
        if self.password is not None:
            headers["Authorization"] = b"Bearer " + self.password.strip().encode("utf-8")
        try:
            connection.request("POST", parts.path.rstrip("/") + PATH, body, headers)
            answer = connection.getresponse()
            value = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"{self.address} cannot be asked: {error}") from error
        finally:
            connection.close()
        return answer.status, value


def set_headers(  # noqa: PLR0913 - these are the headers
    message: EmailMessage,
    *,
    links: bool | None = None,
    campaign: str | None = None,
    person: str | None = None,
    url_params: bool | None = None,
    opens: bool | None = None,
    consent: str | None = None,
) -> None:
    """Set the headers that say how a message's links are tracked; None leaves a header as it is.

    `consent` is "full", "anonymous" or "none". Waypost takes these headers away.
    """
    headers = {
        "X-Track-Links": links,
        "X-Track-Campaign": campaign,
        "X-Track-Person": person,
        "X-Track-URL-Params": url_params,
        "X-Track-Opens": opens,
        "X-Track-Person-Consent": consent,
    }
    for name, value in headers.items():
        if value is not None:
            del message[name]
            message[name] = value if isinstance(value, str) else ("off", "on")[value]
