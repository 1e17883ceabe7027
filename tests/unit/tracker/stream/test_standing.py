"""How the stream stands, as its file and the store tell it."""

from config.schema import Config, StreamConfig
from tests.support.feeding import put
from tracker.ingest.ingester import Ingester
from tracker.spool.stream_offset import StreamOffset
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.stream.standing import standing


def told(config: Config) -> object:
    """Return how the stream stands."""
    with database.reading(config.store.path) as db:
        return standing(db, config)


def test_without_a_url_there_is_none(storing: Config) -> None:
    """Also where segments are kept."""
    assert told(storing.model_copy(update={"stream": StreamConfig(keep=60.0)})) is None


def test_what_waits_is_what_was_counted_and_not_sent(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """With why, and since when."""
    config = storing.model_copy(update={"stream": StreamConfig(url="https://a.example/")})
    put(spool, 1, 2)
    ingester.drain()
    ((name, octets),) = ingester.fed.items()
    StreamOffset({name: 10}, 5, 1_790_000_000.0).save(config.store.spool_dir)
    assert told(config) == {
        "state": "working",
        "waiting_octets": octets - 10,
        "events": 5,
        "sent_at": "2026-09-21T14:13:20.000+00:00",
        "error": "",
        "failing_since": None,
    }
    failing = StreamOffset({}, 5, None, "answered 500", 1_790_000_000.0)
    failing.save(config.store.spool_dir)
    found = told(config)
    assert isinstance(found, dict)
    assert (found["state"], found["error"]) == ("failing", "answered 500")
    StreamOffset(stopped=True, failing="answered 410").save(config.store.spool_dir)
    found = told(config)
    assert isinstance(found, dict)
    assert found["state"] == "stopped"
