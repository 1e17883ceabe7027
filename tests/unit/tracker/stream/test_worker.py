"""One receiver, whatever it does: every event comes at least once, in the order of its segment."""

import json
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from config.schema import Config
from tests.support.checks.facts import pending
from tests.support.feeding import click, metric, put
from tests.support.receiver import (
    HANG_UP,
    SECRET,
    Behaviour,
    Exchange,
    Receiver,
    receiving,
    secret_file,
    stall,
    status,
)
from tests.support.sending import QUICK
from tests.support.streaming import ids, lines, once, slow, streamed, streaming
from tests.support.waiting import until
from tracker.ingest.ingester import Ingester
from tracker.spool import segments, stream_offset
from tracker.spool.stream_offset import StreamOffset
from tracker.spool.writer import Spool
from tracker.stream import worker


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver that runs."""
    with receiving() as made:
        yield made


def numbered(count: int, first: int = 0) -> list[str]:
    """Return the ids of clicks."""
    return [f"e{number}" for number in range(first, first + count)]


def events(logged: list[MutableMapping[str, Any]]) -> list[str]:
    """Return what was logged of the stream, by name."""
    return [line["event"] for line in logged if line["event"].startswith("stream_")]


def told(config: Config) -> StreamOffset:
    """Return what is written down of the stream."""
    return StreamOffset.load(config.store.spool_dir)


def test_each_event_comes_once_in_its_order(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """And what comes later follows."""
    config = streamed(storing, receiver)
    put(spool, *range(50))
    with streaming(config, ingester):
        assert ingester.drain()
        until(lambda: len(ids(receiver)) == 50)
        put(spool, *range(50, 60))
        assert ingester.drain()
        until(lambda: told(config).events == 60)
    assert ids(receiver) == numbered(60)
    (request, *_) = receiver.taken
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.path.startswith("/events")
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize(
    "behaviour",
    [status(500), status(404), status(429), status(302, Location="/else"), stall, HANG_UP],
    ids=["500", "404", "429", "302", "stalls", "hangs up"],
)
def test_what_is_not_taken_is_sent_again(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver, behaviour: Behaviour
) -> None:
    """Whatever the answer was; a redirect is not followed."""
    receiver.behaviours = [behaviour] * 2
    put(spool, *range(5))
    ingester.drain()
    with streaming(
        streamed(storing, receiver), ingester, slow(1.0 if behaviour is stall else 10.0)
    ):
        until(lambda: receiver.taken)
    assert ids(receiver) == numbered(5)
    assert {each.path for each in receiver.received} == {receiver.taken[0].path}
    assert {each.body for each in receiver.received} == {receiver.taken[0].body}


def test_a_failing_receiver_is_written_down_and_told_of_once(
    storing: Config,
    spool: Spool,
    ingester: Ingester,
    receiver: Receiver,
    logged: list[MutableMapping[str, Any]],
) -> None:
    """Until it takes events again."""
    receiver.then = status(503)
    config = streamed(storing, receiver)
    put(spool, 1)
    ingester.drain()
    with streaming(config, ingester):
        until(lambda: len(receiver.received) > 5)
        failing = told(config)
        assert metric("waypost_stream_waiting_octets") > 0
        receiver.then = status(200)
        until(lambda: told(config).events)
    assert failing.failing == "answered 503"
    assert failing.failing_since_s is not None
    assert told(config).failing == ""
    assert events(logged) == ["stream_failing", "stream_working"]


def test_retry_after_is_heard(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """For an hour, nothing is asked."""
    receiver.behaviours = [status(429, Retry_After="3600")]
    put(spool, 1)
    ingester.drain()
    rounds: list[object] = []
    with streaming(streamed(storing, receiver), ingester, feeds=lambda: not rounds.append(None)):
        until(lambda: receiver.received)
        seen = len(rounds)
        until(lambda: len(rounds) > seen + 40)
    assert len(receiver.received) == 1


def test_one_that_answers_410_is_sent_nothing_more_until_a_reload(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """Its events wait."""
    receiver.behaviours = [status(410)]
    config = streamed(storing, receiver)
    put(spool, 1)
    ingester.drain()
    rounds: list[object] = []
    with streaming(config, ingester, feeds=lambda: not rounds.append(None)) as sender:
        until(lambda: told(config).stopped)
        seen = len(rounds)
        until(lambda: len(rounds) > seen + 40)
        assert len(receiver.received) == 1
        assert metric("waypost_stream_stopped") == 1
        sender.configure(config.model_copy())
        until(lambda: receiver.taken)
        until(lambda: not told(config).stopped)
    assert ids(receiver) == ["e1"]


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """Down to a single event, if need be."""

    def three_at_most(exchange: Exchange) -> None:
        request = receiver.received[-1]
        if request.body.count(b"\n") > 3:
            status(413)(exchange)
        else:
            receiver.taken.append(request)
            status(200)(exchange)

    receiver.then = three_at_most
    put(spool, *range(40))
    ingester.drain()
    with streaming(streamed(storing, receiver), ingester):
        until(lambda: len(ids(receiver)) == 40)
    assert ids(receiver) == numbered(40)


def test_a_batch_is_bounded(
    storing: Config,
    spool: Spool,
    ingester: Ingester,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By lines and by octets; a line that is larger than that goes alone."""
    monkeypatch.setattr(worker, "MOST_OCTETS", 2000)
    monkeypatch.setattr(worker, "MOST_LINES", 10)
    put(spool, *range(25))
    spool.append(pending(campaign="x" * 3000)).result(5)
    put(spool, 25)
    ingester.drain()
    with streaming(streamed(storing, receiver), ingester):
        until(lambda: len(ids(receiver)) == 27)
    sizes = [(each.body.count(b"\n"), len(each.body)) for each in receiver.taken]
    assert all(octets <= 2000 or count == 1 for count, octets in sizes)
    assert all(count <= 10 for count, _ in sizes)
    assert [each for each in ids(receiver) if each.startswith("e")] == numbered(26)


def test_whoever_goes_on_begins_where_the_last_one_was(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """What was taken is not sent again."""
    config = streamed(storing, receiver)
    for first in (0, 10, 20):
        put(spool, *range(first, first + 10))
        ingester.drain()
        with streaming(config, ingester):
            until(lambda wanted=first + 10: told(config).events == wanted)
    assert ids(receiver) == numbered(30)


def test_a_lost_offset_costs_repetitions_and_nothing_else(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """With the same ids."""
    config = streamed(storing, receiver)
    put(spool, *range(10))
    ingester.drain()
    for times in (1, 2):
        with streaming(config, ingester):
            until(lambda wanted=10 * times: len(ids(receiver)) == wanted)
        (config.store.spool_dir / stream_offset.NAME).unlink()
    assert once(ids(receiver)) == numbered(10)


def test_an_offset_that_cannot_be_written_sends_nothing_twice_meanwhile(
    storing: Config,
    spool: Spool,
    ingester: Ingester,
    receiver: Receiver,
    logged: list[MutableMapping[str, Any]],
) -> None:
    """It is written as soon as that can be done."""
    config = streamed(storing, receiver)
    put(spool, 1)
    ingester.drain()
    unfinished = config.store.spool_dir / f".{stream_offset.NAME}.new"
    unfinished.mkdir()
    with streaming(config, ingester):
        until(lambda: receiver.taken)
        until(lambda: "stream_waits" in events(logged))
        unfinished.rmdir()
        until(lambda: told(config).events == 1)
    assert len(receiver.received) == 1


def test_a_batch_is_signed_and_has_the_fields_that_are_asked_for(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver, tmp_path: Path
) -> None:
    """The id is the same at each attempt."""
    fields = secret_file(tmp_path, "Authorization: Bearer abc", "content-type: text/x", name="f")
    config = streamed(storing, receiver, secret_file=secret_file(tmp_path), headers_file=fields)
    receiver.behaviours = [status(500)]
    put(spool, 1)
    ingester.drain()
    with streaming(config, ingester):
        until(lambda: receiver.taken)
    first, second = receiver.received
    assert first.id == second.id
    assert Webhook(SECRET).verify(second.body, second.headers)["id"] == "e1"
    assert second.headers["authorization"] == "Bearer abc"
    assert second.headers["content-type"] == "text/x"


def test_a_secret_that_cannot_be_used_has_events_wait(
    storing: Config,
    spool: Spool,
    ingester: Ingester,
    receiver: Receiver,
    tmp_path: Path,
    logged: list[MutableMapping[str, Any]],
) -> None:
    """Nothing is sent without it."""
    fields = secret_file(tmp_path, "nonsense", name="fields")
    config = streamed(storing, receiver, headers_file=fields)
    put(spool, 1)
    ingester.drain()
    with streaming(config, ingester):
        until(lambda: "stream_secret_unusable" in events(logged))
        assert not receiver.received
        fields.write_text("X-A: b\n")
        until(lambda: receiver.taken)
    assert receiver.taken[0].headers["x-a"] == "b"


def test_a_private_address_is_refused_unless_that_is_allowed(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """As it is resolved for the connection."""
    put(spool, 1)
    ingester.drain()
    config = streamed(storing, receiver)
    url = f"http://hooks.example.com:{receiver.port}/"
    for private in (False, True):
        changes = {"url": url, "private": private}
        named = config.model_copy(update={"stream": config.stream.model_copy(update=changes)})
        means = worker.Means(QUICK, resolve=lambda _host, _port: ["127.0.0.1"])
        with streaming(named, ingester, means):
            if not private:
                until(lambda: "private network" in told(config).failing)
                assert receiver.connections == 0
            else:
                until(lambda: receiver.taken)


def test_what_is_left_out_is_passed_over(
    storing: Config, spool: Spool, ingester: Ingester, receiver: Receiver
) -> None:
    """A segment of which nobody is told anything is done with, too."""
    spool.append(replace(click(1), asks_for_privacy=True)).result(5)
    ingester.drain()
    config = streamed(storing, receiver)
    with streaming(config, ingester):
        until(lambda: told(config).sent == ingester.fed)
    assert receiver.received == []


def test_a_segment_goes_once_it_was_sent(storing: Config, spool: Spool, receiver: Receiver) -> None:
    """And waits as long as it was not."""
    receiver.then = status(500)
    config = streamed(storing, receiver)
    ingester = Ingester(config)
    put(spool, *range(3))
    spool.close()
    with streaming(config, ingester):
        ingester.drain()
        until(lambda: receiver.received)
        ingester.drain()
        assert len(segments.listing(config.store.spool_dir)) == 1
        receiver.then = status(200)

        def is_gone() -> bool:
            ingester.drain()
            return not segments.listing(config.store.spool_dir)

        until(is_gone)
    ingester.close()
    assert [json.loads(each)["id"] for each in receiver.received[-1].body.splitlines()] == numbered(
        3
    )
    assert lines(receiver) == []
