"""One attempt: an event is posted, and what came back is told in a few words.

Owns: the request, its bounds, and what counts as taken (2xx).
Does not own: connections (`connecting`), the signature (`signing`), the words for a failure (`causes`), or
what follows from one (`worker`).

What a receiver writes is kept nowhere: it may name the person that it was told of. Only its status, and
words of ours, are.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpcore

from tracker.webhooks.causes import words
from tracker.webhooks.connecting import GuardedBackend, Resolve, addresses_of
from tracker.webhooks.schedule import retry_after_s
from tracker.webhooks.signing import Headers

MOST_AT_ONCE = 8
"""Attempts of one webhook at the same time."""
MOST_ANSWER_OCTETS = 16 * 1024
"""What is read of an answer's body; a longer one ends the connection."""
BODY_S = 2.0
"""How long the body of an answer is read."""
CLOSE_S = 1.0
"""How long the end of a connection may take then."""
KEPT_S = 20.0
"""How long a connection without a request is kept."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: a status, or None and why there is none (`error`)."""

    status: int | None = None
    error: str = ""
    retry_after_s: float = 0.0
    body: bytes = b""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - 2xx

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing more."""
        return self.status == GONE

    def __str__(self) -> str:
        """Return it in words."""
        return self.error or f"answered {self.status}"


class Receiver(Protocol):
    """Where is posted to; with `private`, networks of our own are allowed."""

    @property
    def url(self) -> str:
        """The URL."""

    @property
    def private(self) -> bool:
        """Whether its host may have an address of a private network."""


class Client:
    """Posts to one receiver, over connections that are kept."""

    def __init__(
        self,
        receiver: Receiver,
        timeout_s: float,
        *,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = addresses_of,
    ) -> None:
        """Without `tls`, certificates are held against those that this system trusts."""
        self._url = receiver.url
        self._timeout_s = timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=MOST_AT_ONCE,
            keepalive_expiry=KEPT_S,
            network_backend=GuardedBackend(private=receiver.private, resolve=resolve),
        )

    async def __aenter__(self) -> Self:
        """Return it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._pool.aclose()

    async def post(self, body: bytes, headers: Headers, now_s: float) -> Answer:
        """Post an event, and return what came of it; never raises. Of `headers`, the type of its content may be one.

        Its status is waited for `timeout_s`, and its body for BODY_S more.
        """
        try:
            async with asyncio.timeout(self._timeout_s) as bound:
                return await self._post(body, headers, now_s, bound)
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(error=f"no answer within {self._timeout_s:g} s")
        except Exception as error:  # noqa: BLE001 - whatever a receiver brings about, the attempt failed
            return Answer(error=words(error))

    async def _post(
        self, body: bytes, headers: Headers, now_s: float, bound: asyncio.Timeout
    ) -> Answer:
        sent = {
            "Host": urlsplit(self._url).netloc,
            "User-Agent": "Waypost",
            "Content-Type": "application/json",
            **headers,
        }
        limits = {"timeout": {"connect": self._timeout_s / 2}}
        async with self._pool.stream(
            "POST", self._url, headers=list(sent.items()), content=body, extensions=limits
        ) as response:
            bound.reschedule(asyncio.get_running_loop().time() + BODY_S + CLOSE_S)
            told = {name.lower(): value for name, value in response.headers}
            wait_s = retry_after_s(told.get(b"retry-after", b"").decode("latin-1"), now_s)
            read = await _body(response)
            return Answer(response.status, retry_after_s=wait_s, body=read)


async def _body(response: httpcore.Response) -> bytes:
    """Return the beginning of an answer's body. Its status counts, whatever becomes of this."""
    read = bytearray()
    with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(BODY_S):
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) > MOST_ANSWER_OCTETS:
                    break
    return bytes(read[:MOST_ANSWER_OCTETS])
