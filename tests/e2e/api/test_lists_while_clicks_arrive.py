"""A list that is read while clicks are made and counted: no row comes twice, and none is missing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.api.conftest import Served, spool_history

KEYS = {
    "clicks": "event_id",
    "campaigns": "id",
    "links": "id",
    "people": "id",
    "messages": "message",
}


@contextmanager
def arriving(served: Served) -> Iterator[Callable[[], None]]:
    """Have links clicked meanwhile, some dozens; what is given has mail sent and clicked, a few times."""
    seeds = iter(range(100, 106))

    def click() -> None:
        for _ in range(20):
            served.links.click()

    def send() -> None:
        if (seed := next(seeds, None)) is not None:
            spool_history(served.links.stack, seed, 2)

    readers = [threading.Thread(target=click) for _ in range(2)]
    for each in readers:
        each.start()
    try:
        yield send
    finally:
        for each in readers:
            each.join(60)


@pytest.mark.parametrize("noun", KEYS)
def test_no_row_comes_twice_or_is_missing(served: Served, noun: str) -> None:
    """All that was there at the beginning is in the list, and whatever is, is there once."""
    key = KEYS[noun]
    before = {row[key] for row in served.every(noun)}
    assert len(before) > 3
    with arriving(served) as send:
        listed = [row[key] for row in served.every(noun, limit=4, between=send)]
    assert len(listed) == len(set(listed))
    assert before <= set(listed)


def test_whoever_follows_the_clicks_hears_of_each_once(served: Served) -> None:
    """From the cursor of the last one on, as long as one likes: those that came late as well."""
    heard = served.every("clicks")
    with arriving(served) as send:
        for _ in range(6):
            send()
            heard += served.every(f"clicks?after={heard[-1]['cursor']}", limit=1000)
    heard += served.every(f"clicks?after={heard[-1]['cursor']}")
    ids = [row["event_id"] for row in heard]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["event_id"] for row in served.every("clicks")}
