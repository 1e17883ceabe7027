"""A command waits for a store that is being replaced, or has it written anew itself."""

import threading

from config.schema import Config
from tests.support.feeding import running
from tracker.ingest import waiting
from tracker.ingest.ingester import Ingester
from tracker.store.file import replacement, rewriting
from tracker.store.file.file_store import FileStore
from tracker.store.file.replacement import Progress


def wanted(config: Config) -> None:
    """Make a store that is to be written anew."""
    opened = FileStore.open(config.store.path)
    rewriting.end(opened, 1000.0, wanted=True)
    opened.close()


def test_replacement_is_waited_for(storing: Config) -> None:
    """As long as somebody is at it, who says how far."""
    wanted(storing)
    told: list[Progress] = []
    asked = threading.Event()

    def tell(progress: Progress) -> None:
        told.append(progress)
        asked.set()

    waiter = threading.Thread(target=waiting.for_replacement, args=(storing, tell))
    with replacement.replacing(storing.store.path, "rewritten") as begun:
        begun.tell(1, 2)
        waiter.start()
        assert asked.wait(20)
    waiter.join()
    assert told[0] == Progress("rewritten", 1, 2)


def test_without_a_service_the_command_does_it(storing: Config) -> None:
    """And says so."""
    wanted(storing)
    told: list[Progress] = []
    waiting.for_rewriting(storing, told.append)
    assert [progress.purpose for progress in told] == ["rewritten"]
    assert not rewriting.is_wanted_at(storing.store.path)
    waiting.for_rewriting(storing, told.append)
    assert len(told) == 1


def test_with_a_service_it_is_waited_for(storing: Config) -> None:
    """Only who feeds the store may replace it."""
    wanted(storing)
    with running(Ingester(storing)):
        waiting.for_rewriting(storing, lambda _progress: None)
    assert not rewriting.is_wanted_at(storing.store.path)
