"""One webhook, told what is due, a few events at a time.

Owns: the order of taking events, attempts and putting down what came of them, and what failures come to.
Does not own: the queue (`tracker.outbox.queue`), an attempt (`client`), delays (`schedule`), or which
webhooks there are, and when (`sender`).

Each webhook has a worker, a queue and connections of its own: one that is slow, or dead, holds up no other.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from config.keys.secret_files import KeyFileError
from config.keys.webhook_secrets import read_webhook_secrets
from config.schema import WebhookConfig
from config.telemetry import observe
from tracker.outbox import queue, standing
from tracker.outbox.events import Event
from tracker.outbox.queue import Attempt, Failure, Result, State
from tracker.outbox.subscriptions import Subscription
from tracker.sql.db import Db
from tracker.store.database import StoreError
from tracker.webhooks import signing
from tracker.webhooks.client import MOST_AT_ONCE, Answer, Client
from tracker.webhooks.connecting import Resolve, addresses_of
from tracker.webhooks.held_store import HeldStore
from tracker.webhooks.schedule import Schedule

MEASURE_S = 5.0
"""How often it is counted what waits."""
RESTING = frozenset({429, 503})
"""With these a receiver speaks for all that it is told: `Retry-After` is for each event."""


@dataclass(frozen=True, slots=True)
class Means:
    """What workers share; `tls` and `resolve` are those of `client.Client`."""

    store: HeldStore
    schedule: Schedule = field(default_factory=Schedule)
    tls: ssl.SSLContext | None = None
    resolve: Resolve = addresses_of


class Worker:
    """Tells one webhook what is due."""

    def __init__(self, webhook: WebhookConfig, means: Means) -> None:
        self.webhook = webhook
        self._name = webhook.called
        self._store = means.store
        self._schedule = means.schedule
        self._client = partial(
            Client, webhook, means.schedule.timeout_s, tls=means.tls, resolve=means.resolve
        )
        self._subscription = Subscription.of(webhook)
        self._state = State()
        self._trouble = ""
        self._unsettled: Callable[[Db], None] | None = None
        self._measured_s = float("-inf")
        self._took_over = False

    async def run(
        self, goes_on: Callable[[], bool], wait: Callable[[float], Awaitable[object]]
    ) -> None:
        """Work while it `goes_on`, whatever happens; `wait` so many seconds, or until it does not."""
        async with self._client() as client:
            while goes_on():
                try:
                    pause_s = await self.round(client)
                    self._measure()
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    self._wait_for_store(error)
                    pause_s = self._schedule.rest_s
                if pause_s:
                    await wait(pause_s)
        self._leave()

    async def round(self, client: Client) -> float:
        """Try what is due, once; return for how long there is nothing to do.

        Raises DatabaseErrors, StoreError and OSError: nothing is lost then, and it may be done again.
        """
        self._settle()
        webhook_id = self._due()
        if webhook_id is None:
            return self._schedule.idle_s
        try:
            secrets = read_webhook_secrets(self.webhook.secret_file)
        except KeyFileError as error:
            self._wait_for_secret(webhook_id, error)
            return 0.0
        attempts = self._take(webhook_id)
        tried = (self._try(client, each, secrets) for each in attempts)
        answers = await asyncio.gather(*tried)
        if attempts:
            self._unsettled = self._outcome(webhook_id, attempts, answers)
            self._settle()
        self._trouble = ""
        return 0.0

    def _due(self) -> int | None:
        """Return the row of the webhook where something is due for it, and it may be told."""
        db = self._store.db() if self._store.is_there else None
        webhook_id = None if db is None else queue.row(db, self._name)
        if db is None or webhook_id is None:
            return None
        self._take_over(webhook_id)
        now_s, latest_s = self._schedule.clock(), self._schedule.latest_s
        self._state = queue.state(db, webhook_id)
        due_s = queue.next_due_s(db, webhook_id)
        if self._state.is_stopped or due_s is None:
            return None
        due_s = max(due_s, self._state.rests_until_s)
        if due_s > latest_s:
            with self._store.transaction() as changed:
                queue.come_earlier(changed, webhook_id, now_s, latest_s)
        return webhook_id if due_s <= now_s else None

    def _take_over(self, webhook_id: int) -> None:
        """Go on with what a process before this one had begun, once; on a server, another node may be at it."""
        if not self._took_over and self._store.db().engine == "sqlite":
            with self._store.transaction() as db:
                queue.take_over(db, webhook_id, self._schedule.clock(), self._schedule.lease_s)
        self._took_over = True

    def _take(self, webhook_id: int) -> list[Attempt]:
        most = 1 if self._state.failures else MOST_AT_ONCE
        with self._store.transaction() as db:
            return queue.take(
                *(db, self._subscription, webhook_id),
                now_s=self._schedule.clock(),
                lease_s=self._schedule.lease_s,
                most=most,
            )

    async def _try(self, client: Client, attempt: Attempt, secrets: Sequence[bytes]) -> Answer:
        now_s = self._schedule.clock()
        headers = signing.headers(attempt.event.id, now_s, attempt.body, secrets)
        return await client.post(attempt.body, headers, now_s)

    def _outcome(
        self, webhook_id: int, attempts: Sequence[Attempt], answers: Sequence[Answer]
    ) -> Callable[[Db], None]:
        """Return what puts down the answers to attempts; log and count what is news."""
        tried = [(each.event, answer) for each, answer in zip(attempts, answers, strict=True)]
        results = [
            Result(
                event, answer.is_taken, None if answer.is_taken else self._again_s(event, answer)
            )
            for event, answer in tried
        ]
        failed = [answer for answer in answers if not answer.is_taken]
        sent = len(results) - len(failed)
        self._tell_outcome(results, failed, sent)
        failure = self._failure(failed, sent) if failed else None
        now_s = self._schedule.clock()
        return partial(
            queue.settle, webhook_id=webhook_id, results=results, failure=failure, now_s=now_s
        )

    def _again_s(self, event: Event, answer: Answer) -> float | None:
        if answer.is_gone:
            return self._schedule.clock()  # whenever it is wanted again
        return self._schedule.due_s(event.attempts, answer.retry_after_s)

    def _failure(self, failed: Sequence[Answer], sent: int) -> Failure:
        failures = 1 if sent else self._state.failures + 1
        asked_s = max((each.retry_after_s for each in failed if each.status in RESTING), default=0)
        until_s = self._schedule.rests_until_s(failures, asked_s)
        return Failure(str(failed[-1]), until_s, any(each.is_gone for each in failed))

    def _settle(self) -> None:
        """Put down what came of the last attempts, if that is not done yet."""
        if self._unsettled is not None:
            with self._store.transaction() as db:
                self._unsettled(db)
            self._unsettled = None
            self._measured_s = float("-inf")

    def _tell_outcome(self, results: Sequence[Result], failed: Sequence[Answer], sent: int) -> None:
        given_up = [each.event for each in results if not each.is_sent and each.due_s is None]
        counted = {"sent": sent, "failed": len(failed), "given_up": len(given_up)}
        for outcome, count in counted.items():
            observe.WEBHOOK_ATTEMPTS.labels(self._name, outcome).inc(count)
        for event in given_up:
            observe.log(observe.WEBHOOK_GAVE_UP, webhook=self._name, event_id=event.id)
        if any(each.is_gone for each in failed):
            observe.log(observe.WEBHOOK_STOPPED, webhook=self._name)
        elif failed and (sent or not self._state.failures):
            observe.log(observe.WEBHOOK_FAILING, webhook=self._name, cause=str(failed[-1]))
        elif sent and self._state.failures:
            observe.log(observe.WEBHOOK_WORKING, webhook=self._name)

    def _wait_for_secret(self, webhook_id: int, error: KeyFileError) -> None:
        until_s = self._schedule.rests_until_s(self._state.failures + 1)
        failure = Failure(f"its secret cannot be used: the file {error.what}", until_s)
        with self._store.transaction() as db:
            queue.settle(db, webhook_id, (), failure, self._schedule.clock())
        self._tell(observe.WEBHOOK_SECRET_UNUSABLE, str(error))

    def _wait_for_store(self, error: Exception) -> None:
        self._store.close()
        if not (
            isinstance(error, StoreError) and error.cause == "outdated"
        ):  # about to be upgraded
            self._tell(observe.WEBHOOKS_WAIT, str(error))

    def _tell(self, event: observe.LogEvent, why: str) -> None:
        """Log what keeps events waiting, if that is news."""
        if why != self._trouble:
            self._trouble = why
            observe.log(event, webhook=self._name, error=why)

    def _measure(self) -> None:
        """Count what waits, now and then."""
        if time.monotonic() < self._measured_s + MEASURE_S:
            return
        self._measured_s = time.monotonic()
        webhook_id = queue.row(self._store.db(), self._name) if self._store.is_there else None
        count = 0 if webhook_id is None else standing.waiting(self._store.db(), webhook_id)
        observe.WEBHOOK_WAITING.labels(self._name).set(count)
        observe.WEBHOOK_STOPPED_NOW.labels(self._name).set(self._state.is_stopped)

    def _leave(self) -> None:
        """Tell no more how much waits: from now on another does, or nobody."""
        for gauge in (observe.WEBHOOK_WAITING, observe.WEBHOOK_STOPPED_NOW):
            gauge.remove(self._name)
