"""One receiver, sent batch after batch: what was counted, in the order of each segment.

Owns: what is in a batch, putting down how far the receiver is, and what a failure comes to.
Does not own: the lines (`line`), reading (`reader`), an attempt (`tracker.webhooks.client`), delays
(`tracker.webhooks.schedule`), or when there is a worker (`sender`).

One batch at a time: that is what keeps the order, and what bounds the memory. How far the receiver is
is written down after it said so; whoever dies in between sends the batch again.
"""

import hashlib
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

from config.keys.secret_files import KeyFileError
from config.keys.stream_headers import read_stream_headers
from config.keys.webhook_secrets import read_webhook_secrets
from config.schema import Config, StreamConfig
from config.telemetry import observe
from tracker.spool import segments
from tracker.spool.stream_offset import StreamOffset
from tracker.stream.cursor import Position
from tracker.stream.line import Lines
from tracker.stream.reader import Reader, waiting_octets
from tracker.webhooks import signing
from tracker.webhooks.client import Answer, Client
from tracker.webhooks.connecting import Resolve, addresses_of
from tracker.webhooks.schedule import Schedule

MOST_LINES = 1000
MOST_OCTETS = 1024 * 1024
"""Of a batch; a single line may be longer."""
SCHEDULE = Schedule(timeout_s=30.0)
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Means:
    """Bounds of time, and for tests other certificates and names than the system's."""

    schedule: Schedule = SCHEDULE
    tls: ssl.SSLContext | None = None
    resolve: Resolve = addresses_of


@dataclass(frozen=True, slots=True)
class Target:
    """Where batches are posted."""

    url: str
    private: bool


@dataclass(slots=True)
class Batch:
    """Lines, and the place in each segment that is reached with them."""

    lines: list[bytes] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)
    octets: int = 0
    is_full: bool = False

    @property
    def id(self) -> str:
        """What it is called: the same whenever it holds the same of the spool."""
        told = repr(sorted(self.reached.items())).encode()
        return hashlib.blake2b(told, digest_size=16).hexdigest()

    def add(self, line: bytes) -> None:
        """Add a line."""
        self.lines.append(line)
        self.octets += len(line)


class Worker:
    """Sends what was `fed` of the spool of `config` to the URL of its stream."""

    def __init__(self, config: Config, url: str, fed: Callable[[], Position], means: Means) -> None:
        self._stream: StreamConfig = config.stream
        self._directory = config.store.spool_dir
        self._fed = fed
        self._lines = Lines.of(config)
        self._reader = Reader(self._directory)
        self._schedule = means.schedule
        target = Target(url, config.stream.private)
        self._client = partial(
            Client, target, means.schedule.timeout_s, tls=means.tls, resolve=means.resolve
        )
        self._most_lines = MOST_LINES
        self._offset: StreamOffset | None = None
        self._is_saved = True
        self._failures = 0
        self._rests_until_s = float("-inf")
        self._trouble = ""

    async def run(
        self, goes_on: Callable[[], bool], wait: Callable[[float], Awaitable[object]]
    ) -> None:
        """Work while it `goes_on`, whatever happens; `wait` so many seconds, or until it does not."""
        async with self._client() as client:
            while goes_on():
                try:
                    pause_s = await self.round(client)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    self._tell(observe.STREAM_WAITS, str(error))
                    pause_s = self._schedule.rest_s
                if pause_s:
                    await wait(pause_s)
        observe.STREAM_WAITING_OCTETS.set(0)
        observe.STREAM_STOPPED_NOW.set(0)

    async def round(self, client: Client) -> float:
        """Send a batch, if there is one and it may be sent; return for how long there is nothing to do.

        Raises OSError: nothing is lost then, and it may be done again.
        """
        offset, fed = self._known(), self._fed()
        observe.STREAM_WAITING_OCTETS.set(waiting_octets(offset.sent, fed))
        observe.STREAM_STOPPED_NOW.set(offset.stopped)
        if offset.stopped or self._schedule.clock() < self._rests_until_s:
            return self._schedule.idle_s
        batch = self._batch(offset.sent, fed)
        if batch.lines:
            await self._send(client, offset, batch)
        elif batch.reached:
            self._put_down(replace(offset, sent={**offset.sent, **batch.reached}))
        return 0.0 if batch.is_full else self._schedule.idle_s

    def _known(self) -> StreamOffset:
        """Return how far the receiver is. One that wanted nothing more is asked again at the start."""
        if self._offset is None:
            self._offset = replace(StreamOffset.load(self._directory), stopped=False)
        if not self._is_saved:
            self._put_down(self._offset)
        return self._offset

    def _batch(self, sent: Position, fed: Position) -> Batch:
        batch = Batch()
        with closing(self._reader.read(sent, fed)) as found:
            for segment, end, event in found:
                line = None if event is None else self._lines.line(event)
                if line is not None and batch.lines and batch.octets + len(line) > MOST_OCTETS:
                    batch.is_full = True
                    break
                batch.reached[segment] = end
                if line is not None:
                    batch.add(line)
                if len(batch.lines) >= self._most_lines:
                    batch.is_full = True
                    break
        return batch

    async def _send(self, client: Client, offset: StreamOffset, batch: Batch) -> None:
        body, now_s = b"".join(batch.lines), self._schedule.clock()
        try:
            headers = self._headers(batch.id, body, now_s)
        except KeyFileError as error:
            self._tell(observe.STREAM_SECRET_UNUSABLE, str(error))
            self._rests_until_s = self._schedule.rests_until_s(self._failures + 1)
            return
        answer = await client.post(body, headers, now_s)
        observe.STREAM_ATTEMPTS.labels("sent" if answer.is_taken else "failed").inc()
        if answer.is_taken:
            self._taken(offset, batch)
        elif answer.status == TOO_LARGE and len(batch.lines) > 1:
            self._most_lines = len(batch.lines) // 2
        else:
            self._not_taken(offset, answer)

    def _headers(self, batch_id: str, body: bytes, now_s: float) -> signing.Headers:
        """Return what is sent with a batch; raises KeyFileError."""
        headers = {"Content-Type": "application/x-ndjson"}
        if self._stream.headers_file is not None:
            told = read_stream_headers(self._stream.headers_file)
            named = {name.lower() for name in told}
            headers = {name: value for name, value in headers.items() if name.lower() not in named}
            headers |= told
        if self._stream.secret_file is not None:
            secrets = read_webhook_secrets(self._stream.secret_file)
            headers |= signing.headers(batch_id, now_s, body, secrets)
        return headers

    def _taken(self, offset: StreamOffset, batch: Batch) -> None:
        if offset.failing:
            observe.log(observe.STREAM_WORKING)
        self._failures, self._trouble = 0, ""
        self._most_lines = min(2 * self._most_lines, MOST_LINES)
        observe.STREAM_EVENTS.inc(len(batch.lines))
        self._put_down(
            StreamOffset(
                sent={**offset.sent, **batch.reached},
                events=offset.events + len(batch.lines),
                sent_at_s=self._schedule.clock(),
            )
        )

    def _not_taken(self, offset: StreamOffset, answer: Answer) -> None:
        self._failures += 1
        self._rests_until_s = self._schedule.rests_until_s(self._failures, answer.retry_after_s)
        why = str(answer)
        if why == offset.failing and not answer.is_gone:
            return
        if answer.is_gone:
            observe.log(observe.STREAM_STOPPED)
        else:
            observe.log(observe.STREAM_FAILING, cause=why)
        since_s = offset.failing_since_s or self._schedule.clock()
        self._put_down(
            replace(offset, failing=why, failing_since_s=since_s, stopped=answer.is_gone)
        )

    def _put_down(self, offset: StreamOffset) -> None:
        """Write down how far the receiver is, of segments that are there; raises OSError.

        Then it is known here all the same, and written down in the next round.
        """
        names = {path.name for path in segments.listing(self._directory)}
        sent = {name: octets for name, octets in offset.sent.items() if name in names}
        self._offset, self._is_saved = replace(offset, sent=sent), False
        self._offset.save(self._directory)
        self._is_saved = True

    def _tell(self, event: observe.LogEvent, why: str) -> None:
        """Log what keeps events waiting, if that is news."""
        if why != self._trouble:
            self._trouble = why
            observe.log(event, error=why)
