"""The API about forgetting a person: done at once where that is soon done, else begun.

Owns: the operation, doing the work beside the requests, one person after another, and how long a
request waits for it.
Does not own: forgetting (`tracker.orders.forgetting`).
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from config.schema import Config
from config.telemetry import observe
from tracker.access.access import FORGETTING
from tracker.answers.responses import json_response
from tracker.api.operations import Json, Operation
from tracker.api.requests import Asked, PersonName
from tracker.erasure.forget import Forgotten
from tracker.orders import forgetting
from tracker.orders.forgetting import NotNow
from tracker.sql.errors import DatabaseErrors
from tracker.store.database import StoreError

PATIENCE_S = 5.0
"""How long a request waits; the work goes on when it was answered."""
MOST_AT_ONCE = 20
"""Persons whose erasure is under way, or waits for its turn."""


class Person(Asked):
    """Who is to be forgotten."""

    person: PersonName


class Erased(BaseModel):
    """How much is gone; `set_aside` are former stores beside this one, which may tell of the person.

    `nodes_left` are other nodes that share the store, and have still to erase what is their own.
    """

    persons: int
    deliveries: int
    clicks: int
    urls: int
    details: int
    campaigns: int
    spool_records: int
    spool_records_left: int = Field(description="These go within the hour.")
    consents: int
    set_aside: list[str]
    nodes_left: list[str]


class Begun(BaseModel):
    """The erasure has begun, and goes on: ask again to hear when it is done."""

    state: Literal["begun"]


@dataclass(slots=True)
class _Work:
    """Erasures that are under way, by person."""

    running: dict[str, Future[Forgotten]] = field(default_factory=dict)
    entered: threading.Lock = field(default_factory=threading.Lock)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, config: Config, person: str) -> Future[Forgotten]:
        """Return the erasure of a person, which is begun unless it is under way; raises HTTPException."""
        with self.entered:
            if (known := self.running.get(person)) is not None:
                return known
            if len(self.running) >= MOST_AT_ONCE:
                raise HTTPException(
                    503, "others are being forgotten; try again", {"retry-after": "60"}
                )
            begun = self.running[person] = Future()
        # As a thread of its own that the process does not wait for: a stop may come at any time, and
        # whoever asked is to ask again.
        threading.Thread(target=self._run, args=(config, person, begun), daemon=True).start()
        return begun

    def _run(self, config: Config, person: str, begun: Future[Forgotten]) -> None:
        try:
            with self.turn:
                done = forgetting.forget(config, person, lambda _: None)
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            observe.log(observe.FORGET_FAILED, error=repr(error))
            self._leave(person)
            begun.set_exception(error)
        else:
            self._leave(person)
            begun.set_result(done)

    def _leave(self, person: str) -> None:
        with self.entered:
            del self.running[person]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]
    _work: _Work = field(default_factory=_Work)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "POST",
                "/forget",
                self.forget,
                Erased,
                "What is gone: no octet of the person is left",
                FORGETTING,
                also={202: {"model": Begun, "description": "It has begun; ask again"}},
            ),
        )

    async def forget(self, body: Person) -> Any:  # noqa: ANN401 - an answer of either kind
        """Erase a person, as `waypost forget` does: names, addresses, and URLs with them.

        Figures stay, and links in delivered mail go on working. At the end the store is written anew; what
        takes longer than some seconds goes on when it was answered with 202. It may be asked for again at any
        time, and is to be until the answer is 200.
        """
        begun = asyncio.wrap_future(self._work.begin(self.config(), body.person))
        done, _ = await asyncio.wait({begun}, timeout=PATIENCE_S)
        if not done:
            begun.add_done_callback(lambda late: late.exception())
            return json_response({"state": "begun"}, 202)
        try:
            return _told(begun.result())
        except NotNow as error:
            raise HTTPException(503, str(error), {"retry-after": "5"}) from None
        except (*DatabaseErrors, StoreError, OSError) as error:
            text = f"not everything is erased, try again: {error}"
            raise HTTPException(503, text, {"retry-after": "5"}) from None


def _told(done: Forgotten) -> Json:
    return {**asdict(done), "set_aside": list(done.set_aside), "nodes_left": list(done.nodes_left)}
