"""One webhook, round by round, by a clock that the test moves: what failures come to."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.schema import Config, StoreConfig
from tests.support.engines import IN_A_FILE, ON_ONE_MACHINE, engine, gives_back, store_table
from tests.support.feeding import metric
from tests.support.log_lines import capture_logs
from tests.support.receiver import Receiver, configured, receiving, status, webhook
from tests.support.sending import QUICK, clicks, fed
from tracker.outbox import standing
from tracker.store import database
from tracker.webhooks.client import Client
from tracker.webhooks.held_store import HeldStore
from tracker.webhooks.schedule import DELAYS_S, Schedule
from tracker.webhooks.worker import Means, Worker

__all__ = ["engine", "gives_back", "store_table"]


@dataclass
class Story:
    """A worker of one webhook, its receiver, and the clock."""

    config: Config
    receiver: Receiver
    worker: Worker
    client: Client
    clock: list[float] = field(default_factory=list)

    async def round(self, later_s: float = 0.0) -> int:
        """Do a round some seconds later; return how many requests came of it."""
        self.clock[0] += later_s
        before = len(self.receiver.received)
        await self.worker.round(self.client)
        return len(self.receiver.received) - before

    def standing(self) -> dict[str, Any]:
        """Return how the webhook stands."""
        with database.reading(self.config.store) as db:
            return standing.webhooks(db, self.config)[0]


Begin = Callable[..., Any]


@pytest.fixture
def begin(tmp_path: Path, store_table: dict[str, str]) -> Begin:
    """Begin a story: a receiver and what it does, and clicks that wait for it."""

    @contextlib.asynccontextmanager
    async def story(receiver: Receiver, count: int = 1) -> AsyncIterator[Story]:
        with receiving(receiver):
            to = webhook(receiver, tmp_path)
            store = StoreConfig.model_validate(store_table)
            config = configured(tmp_path, to).model_copy(update={"store": store})
            fed(config, *clicks(count))
            clock = [Schedule().clock() + 1]
            schedule = Schedule(clock=lambda: clock[0], timeout_s=5.0)
            with contextlib.closing(HeldStore(config.store)) as held:
                worker = Worker(to, Means(held, schedule))
                async with Client(to, 5.0) as client:
                    yield Story(config, receiver, worker, client, clock)

    return story


async def test_attempts_come_by_the_table(begin: Begin) -> None:
    """Each after its delay, and no earlier; after the tenth the event is given up."""
    async with begin(Receiver(then=status(500))) as story:
        assert await story.round() == 1
        for delay_s in DELAYS_S[1:]:
            assert await story.round(delay_s - 0.1) == 0
            assert await story.round(0.11 * delay_s + 0.2) == 1
        assert story.standing()["given_up"] == 1
        assert await story.round(10 * 86400) == 0


async def test_while_it_fails_one_event_at_a_time_is_tried(begin: Begin) -> None:
    """After ever longer rests; so few attempts of the others are used up."""
    receiver = Receiver(then=status(503))
    async with begin(receiver, 40) as story:
        assert await story.round() == 8
        assert await story.round() == 0
        for rest_s in (1, 2, 4, 8, 16, 32, 60, 60):
            assert await story.round(rest_s) == 1
        receiver.then = status(200)
        assert await story.round(60) == 1
        assert await story.round() == 8


async def test_retry_after_is_for_all_events(begin: Begin) -> None:
    """With 429 and 503 nothing else is sent until then, and no longer than a day."""
    receiver = Receiver(behaviours=[status(429, Retry_After="100")] * 8, then=status(200))
    async with begin(receiver, 10) as story:
        assert await story.round() == 8
        assert await story.round(99) == 0
        assert await story.round(1.5) == 1
        assert await story.round() == 8


async def test_retry_after_of_another_status_is_for_that_event(begin: Begin) -> None:
    """Others go on."""
    receiver = Receiver(behaviours=[status(404, Retry_After="1000")] * 8, then=status(200))
    async with begin(receiver, 10) as story:
        assert await story.round() == 8
        assert await story.round(2) == 1
        assert await story.round() == 1
        assert await story.round(900) == 0
        assert await story.round(101) == 8


async def test_a_clock_that_was_wrong_holds_nothing_up(begin: Begin) -> None:
    """What is due later than any delay explains is due now."""
    receiver = Receiver(behaviours=[status(500)], then=status(200))
    async with begin(receiver) as story:
        story.clock[0] += 10 * 365 * 86400
        assert await story.round() == 1
        story.clock[0] -= 10 * 365 * 86400
        await story.round()
        assert await story.round() == 1


@ON_ONE_MACHINE
async def test_what_another_process_had_begun_is_gone_on_with(begin: Begin) -> None:
    """At once, and not when its time is over."""
    async with begin(Receiver()) as story:
        with database.changing(story.config.store.path) as opened, opened.transaction():
            due_s = story.clock[0] + 19
            opened.db.execute("UPDATE outbox SET attempts = 1, due_s = ?", [due_s])
        assert await story.round() == 1


async def test_what_came_of_attempts_is_put_down_before_others_are_made(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store cannot be changed meanwhile, it is tried again, and nothing is sent twice."""
    async with begin(Receiver(), 20) as story:
        transaction, failing = HeldStore.transaction, [False]

        def sometimes(self: HeldStore) -> Any:
            if failing[0]:
                raise database.StoreError("locked", "locked")
            return transaction(self)

        monkeypatch.setattr(HeldStore, "transaction", sometimes)
        attempt = Worker._try

        async def then_fail(self: Worker, *args: Any) -> Any:
            failing[0] = True
            return await attempt(self, *args)

        monkeypatch.setattr(Worker, "_try", then_fail)
        with pytest.raises(database.StoreError):
            await story.round()
        with pytest.raises(database.StoreError):
            await story.round(1000)
        failing[0] = False
        monkeypatch.setattr(Worker, "_try", attempt)
        assert await story.round() == 8
        assert story.standing()["waiting"] == 4
    assert len({each.id for each in story.receiver.received}) == 16


async def test_what_happens_is_logged_and_counted(begin: Begin) -> None:
    """Once for each change, never with what a receiver said, or where it is."""
    failures = Receiver(behaviours=[status(500)] * 2 + [status(204), status(410)])
    before = {each: metric("waypost_webhook_attempts_total", webhook="hook", outcome=each) for each in ("sent", "failed")}  # fmt: skip
    with capture_logs() as logged:
        async with begin(failures, 1) as story:
            await story.round()
            await story.round(10)
            await story.round(600)
            fed(story.config, *clicks(1, first=1))
            await story.round(10)
    assert [each["event"] for each in logged] == [
        "webhook_failing",
        "webhook_working",
        "webhook_stopped",
    ]
    assert logged[0]["cause"] == "answered 500"
    assert "key=1" not in str(logged)
    counted = {each: metric("waypost_webhook_attempts_total", webhook="hook", outcome=each) - before[each] for each in before}  # fmt: skip
    assert counted == {"sent": 1, "failed": 3}


async def test_an_event_that_is_given_up_is_logged(begin: Begin, tmp_path: Path) -> None:
    """By its id, which names nobody."""
    with capture_logs() as logged:
        async with begin(Receiver(then=status(500))) as story:
            for delay_s in DELAYS_S:
                await story.round(1.2 * delay_s)
    (gave_up,) = [each for each in logged if each["event"] == "webhook_gave_up"]
    assert gave_up["event_id"] == story.receiver.received[0].id


async def test_a_secret_that_cannot_be_used_is_logged_once(begin: Begin) -> None:
    """Events wait, and no attempt of theirs is used up."""
    with capture_logs() as logged:
        async with begin(Receiver()) as story:
            file = story.worker.webhook.secret_file
            secret = file.read_bytes()
            file.write_bytes(b"")
            assert await story.round() == 0
            assert await story.round(100) == 0
            told = story.standing()
            assert (told["state"], told["waiting"]) == ("failing", 1)
            assert told["error"] == "its secret cannot be used: the file is empty"
            file.write_bytes(secret)
            assert await story.round(100) == 1
    assert [each["event"] for each in logged] == ["webhook_secret_unusable", "webhook_working"]


@IN_A_FILE
async def test_a_worker_that_meets_an_error_goes_on(tmp_path: Path) -> None:
    """Whatever it is; it is logged once."""
    with receiving() as receiver, capture_logs() as logged:
        to = webhook(receiver, tmp_path)
        (tmp_path / "waypost.db").write_bytes(b"no database at all, and longer than a header" * 9)
        store = HeldStore(tmp_path / "waypost.db")
        worker, rounds = Worker(to, Means(store, replace(QUICK, idle_s=0.0))), iter(range(5))
        pauses: list[float] = []

        async def wait(pause_s: float) -> None:
            pauses.append(pause_s)

        await worker.run(lambda: next(rounds, None) is not None, wait)
    assert pauses == [QUICK.rest_s] * 5
    assert [each["event"] for each in logged] == ["webhooks_wait"]


@IN_A_FILE
async def test_before_there_is_a_store_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """And nothing to complain of."""
    with receiving() as receiver, capture_logs() as logged:
        to = webhook(receiver, tmp_path)
        worker = Worker(to, Means(HeldStore(tmp_path / "waypost.db"), QUICK))
        async with Client(to, 5.0) as client:
            assert await worker.round(client) == QUICK.idle_s
    assert logged == []


async def test_what_another_had_begun_is_taken_over_where_it_must_be_gone(
    tmp_path: Path, engine: str, store_table: dict[str, str]
) -> None:
    """Of several nodes, another may be at it still: there it is due again once that must have an answer."""
    with receiving(Receiver()) as receiver:
        to = webhook(receiver, tmp_path)
        store = StoreConfig.model_validate(store_table)
        config = configured(tmp_path, to).model_copy(update={"store": store})
        fed(config, *clicks(1))
        clock = [Schedule().clock() + 1]
        schedule = Schedule(clock=lambda: clock[0], timeout_s=5.0)
        with contextlib.closing(HeldStore(config.store)) as held:
            one, other = (Worker(to, Means(held, schedule)) for _ in range(2))
            webhook_id = one._due()
            assert webhook_id is not None
            assert len(one._take(webhook_id)) == 1
            async with Client(to, 5.0) as client:
                await other.round(client)
                assert len(receiver.received) == (engine == "sqlite")
                clock[0] += schedule.lease_s
                await other.round(client)
                assert len(receiver.received) == 1
