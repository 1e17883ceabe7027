"""A trace: messages and requests as JSON, a line each, and the verdict on every request.

Owns: the form of a line, and judging a trace of which all is known.
Does not own: judging (`judge`), or reading a file and printing (`tracker.cli.reports.classify`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from config.filter_networks import Networks
from config.forwarded import parse_address
from tracker.judging.click import Click, Message
from tracker.judging.judge import Verdict, judge
from tracker.judging.networks import visitor_network
from tracker.judging.request import Request
from tracker.judging.rules import Settings
from tracker.judging.signals import signals_of

Number = Annotated[int, Field(ge=0, lt=2**63)]
Moment = Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]


class BadLine(ValueError):
    """A line that is neither a message nor a request; the message says why."""


class MessageLine(BaseModel):
    """A message that was sent. Other fields are ignored."""

    model_config = ConfigDict(frozen=True)

    type: Literal["message"]
    message_id: str
    sent_at_s: Moment
    links: Number
    recipients: Number = 1
    domain: str = ""


class RequestLine(BaseModel):
    """A request for a link of a copy; `recipient` 0 is a copy that several share."""

    model_config = ConfigDict(frozen=True)

    type: Literal["request"]
    ts: Moment
    message_id: str
    recipient: Number
    link: Number
    method: str
    https: bool
    headers: list[tuple[str, str]]
    ip: str | None = None

    def request(self) -> Request:
        """Return what judging looks at, once for each request."""
        headers = [
            (name.lower().encode("utf-8", "replace"), value.encode("utf-8", "replace"))
            for name, value in self.headers
        ]
        return Request.of(self.method, headers, parse_address(self.ip or ""), https=self.https)


Line = MessageLine | RequestLine
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="type")])


def parse(line: str | bytes) -> Line:
    """Return what a line of a trace says; raises BadLine."""
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        raise BadLine(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("message", "request"))
    return f"{where}: {first['msg']}" if where else first["msg"]


def click_of(line: RequestLine, networks: Networks) -> Click:
    """Return the click that a request is, with its signals."""
    request = line.request()
    network = visitor_network(request.address)
    return Click(line.ts, line.link, network, request.agent, signals_of(request, networks))


@dataclass(frozen=True, slots=True)
class _Copy:
    message_id: str
    recipient: int


def classify(lines: Iterable[Line], networks: Networks, settings: Settings) -> list[Verdict]:
    """Return the verdict on each request of a whole trace, in the order of its lines."""
    messages: dict[str, MessageLine] = {}
    copies: dict[_Copy, list[tuple[int, Click]]] = defaultdict(list)
    requests = 0
    for line in lines:
        if isinstance(line, MessageLine):
            messages.setdefault(line.message_id, line)
        else:
            copy = _Copy(line.message_id, line.recipient)
            copies[copy].append((requests, click_of(line, networks)))
            requests += 1
    verdicts: dict[int, Verdict] = {}
    for copy, clicks in copies.items():
        message = _message(messages.get(copy.message_id), copy)
        found = judge([click for _, click in clicks], message, settings)
        verdicts |= {index: each for (index, _), each in zip(clicks, found, strict=True)}
    return [verdicts[index] for index in range(requests)]


def _message(line: MessageLine | None, copy: _Copy) -> Message:
    is_shared = copy.recipient == 0
    if line is None:
        return Message(is_shared=is_shared)
    return Message(line.sent_at_s, line.links, is_shared)
