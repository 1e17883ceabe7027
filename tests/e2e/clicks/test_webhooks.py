"""Clicks are told to a real receiver by a real tracker, whatever becomes of both."""

import random
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.support.clients.programs import free_port, waypost
from tests.support.readers.links import Links
from tests.support.receiver import (
    HANG_UP,
    OK,
    Behaviour,
    Receiver,
    receiving,
    secret_file,
    status,
)
from tests.support.stack import Stack
from tests.support.waiting import until

HOOK = """
[[webhook]]
name = "crm"
url = "{url}"
secret_file = "{file}"
settle = "0s"
machines = true
"""


def told(links: Links, receiver: Receiver) -> None:
    """Have the configuration name a receiver."""
    file = secret_file(links.stack.folder)
    with links.stack.config.open("a") as config:
        config.write(HOOK.format(url=receiver.url, file=file))


def destinations(receiver: Receiver) -> list[str]:
    """Return where the clicks of all events led that were taken, each verified."""
    return [each["data"]["click_url"] for each in receiver.events()]


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a tracker."""
    return Links.furnish(tmp_path / "waypost")


def test_a_killed_tracker_and_a_receiver_that_fails_lose_nothing(links: Links) -> None:
    """Each click is told; what is told twice has the same id."""
    chance = random.Random(5)
    behaviours: list[Behaviour] = [OK, OK, status(500), OK, HANG_UP, OK, OK]
    receiver = Receiver(port=free_port(), behaviours=behaviours * 3)
    told(links, receiver)
    clicked: list[str] = []
    for _ in range(2):
        with links.stack.serving("tracker") as process, receiving(receiver):
            clicked += [links.click() for _ in range(10)]
            receiver.wait_for_requests(len(receiver.received) + chance.randrange(1, 8))
            process.kill()
            process.wait()
    receiver.behaviours.clear()
    # What failed twice is tried again after five minutes.
    assert waypost("webhook", "retry", "-c", links.stack.config, "crm").returncode == 0
    with receiving(receiver), links.stack.serving("tracker"):
        until(lambda: set(destinations(receiver)) == set(clicked))
    assert Counter(destinations(receiver)) == Counter(clicked)
    assert {each.id for each in receiver.received} == {each.id for each in receiver.taken}


def test_of_two_trackers_on_a_store_one_tells(links: Links) -> None:
    """Also of the clicks that came to the other; and when it ends, the other goes on."""
    with receiving() as receiver:
        told(links, receiver)
        other = Stack(folder=links.stack.folder / "other", relay=0)
        other.folder.mkdir()
        text = links.stack.config.read_text()
        other.config.write_text(text.replace(f":{links.stack.http}", f":{other.http}"))
        with other.serving("tracker"):
            with links.stack.serving("tracker"):
                first = [links.click() for _ in range(10)]
                receiver.wait_for(10)
            elsewhere = Links(other)
            elsewhere.keyring = links.keyring
            second = [elsewhere.click() for _ in range(3)]
            receiver.wait_for(len(set(first) | set(second)))
    assert Counter(each.id for each in receiver.received).most_common(1)[0][1] == 1


def test_a_reload_puts_a_webhook_in_force(links: Links) -> None:
    """And the commands tell how it stands."""
    with links.stack.serving("tracker") as process, receiving() as receiver:
        before = links.click()
        until(lambda: links.counted() == [before])
        told(links, receiver)
        process.send_signal(signal.SIGHUP)
        links.stack.wait_for_log("tracker_reloaded")
        after = links.click()
        receiver.wait_for(1)
        assert destinations(receiver) == [after]
        done = waypost("webhook", "test", "crm", "-c", links.stack.config)
        assert done.returncode == 0, done.stdout
        listed = waypost("webhook", "list", "--csv", "-c", links.stack.config).stdout.decode()
        assert "crm,working,0,0,1," in listed


def test_a_receiver_that_stalls_keeps_no_tracker_from_ending(links: Links) -> None:
    """Nor readers from being answered meanwhile."""
    ends = threading.Event()
    receiver = Receiver(then=lambda _exchange: ends.wait(60) and None)
    with receiving(receiver):
        told(links, receiver)
        with links.stack.serving("tracker") as process:
            for _ in range(10):
                links.click()
            receiver.wait_for_requests(1)
            links.click()
        assert process.returncode == 0
        ends.set()
