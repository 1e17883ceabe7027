"""A real tracker, and who is told of everything: by a URL, and by following."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.programs import WAYPOST, waypost
from tests.support.readers.links import Links
from tests.support.receiver import Receiver, receiving, status
from tests.support.streaming import lines
from tests.support.waiting import until
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.database import StoreError

SENT_S = 1_790_000_000


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a tracker."""
    return Links.furnish(tmp_path / "waypost")


def configure(links: Links, text: str) -> None:
    """Have the configuration say more."""
    with links.stack.config.open("a") as config:
        config.write(text)


def wait_for_counting(links: Links, clicks: int) -> None:
    """Wait until so many clicks are counted."""

    def are_counted() -> bool:
        with contextlib.suppress(StoreError), database.reading(links.stack.database) as db:
            return bool(db["clicks"].count == clicks)
        return False

    until(are_counted)


def destinations(receiver: Receiver) -> list[str]:
    """Return where the clicks led that a receiver was told of."""
    return [each["destination"] for each in lines(receiver) if each["kind"] == "clicked"]


def test_clicks_wait_for_a_receiver_that_is_down_and_come_in_their_order(links: Links) -> None:
    """Through a restart of the tracker, which ends its segments; then those go."""
    spool_dir = links.stack.folder / "waypost.db.spool"
    with receiving() as receiver:
        receiver.then = status(503)
        configure(links, f'[stream]\nurl = "{receiver.url}"\n')
        clicked = []
        for _ in range(2):
            with links.stack.serving("tracker"):
                clicked += [links.click() for _ in range(10)]
                wait_for_counting(links, len(clicked))
        assert len(list(spool_dir.glob("tracker-*.log"))) == 2
        assert destinations(receiver) == []
        receiver.then = status(200)
        with links.stack.serving("tracker"):
            until(lambda: not list(spool_dir.glob("tracker-*.log")))
        told = [json.loads(line) for line in receiver.received[-1].body.splitlines()]
    assert [each["destination"] for each in told] == clicked
    assert all(each["ip"] == "127.0.0.0" for each in told)


def test_a_reload_begins_a_stream(links: Links) -> None:
    """With what the spool holds by then."""
    with links.stack.serving("tracker") as process, receiving() as receiver:
        first = links.click()
        configure(links, f'[stream]\nurl = "{receiver.url}"\n')
        process.send_signal(signal.SIGHUP)
        links.stack.wait_for_log("tracker_reloaded")
        second = links.click()
        until(lambda: second in destinations(receiver))
        assert destinations(receiver)[-2:] == [first, second]


def test_what_was_not_sent_is_forgotten(links: Links) -> None:
    """The person is blanked before the receiver is back; clicks on their links tell of nobody, either."""
    reader, other = "ann@example.net", "bob@example.net"
    with receiving() as receiver:
        receiver.then = status(503)
        configure(links, f'[stream]\nurl = "{receiver.url}"\n[privacy]\nip = "full"\n')
        messages = {}
        spool = Spool.open(links.stack.folder / "waypost.db.spool", "proxy")
        for number, address in enumerate((reader, other), 1):
            message_id = bytes(7) + bytes([number])
            messages[address] = links.path(
                f"https://example.com/for/{number}", message_id=message_id, sent_at_s=SENT_S
            )
            spool.append(message(message_id.hex(), address)).result(5)
            spool.append(MessageAccepted(message_id.hex(), SENT_S, (1,), sent_s=SENT_S)).result(5)
        spool.close()
        with links.stack.serving("tracker"):
            for path in messages.values():
                assert links.ask(path).status == 302
            wait_for_counting(links, 2)
            done = waypost("forget", reader, "-c", links.stack.config)
            assert done.returncode == 0, done.stderr.decode()
            for path in messages.values():
                assert links.ask(path).status == 302
            wait_for_counting(links, 4)
            receiver.then = status(200)
            until(lambda: receiver.received[-1].body.count(b'"clicked"') == 4)
        told = [json.loads(line) for line in receiver.received[-1].body.splitlines()]
    assert reader.encode() not in receiver.received[-1].body
    addresses = [
        r["address"] for each in told if each["kind"] == "pending" for r in each["recipients"]
    ]
    assert addresses == ["", other]
    clicks = [each for each in told if each["kind"] == "clicked"]
    blank = [(each["ip"], each["user_agent"]) for each in clicks if each["message_id"][-1] == "1"]
    assert blank == [(None, "")] * 2
    assert {each["ip"] for each in clicks if each["message_id"][-1] == "2"} == {"127.0.0.1"}


def message(message_id: str, address: str) -> MessagePending:
    """Return a message to one reader."""
    return MessagePending(
        *(message_id, float(SENT_S), "example.com", "Spring"),
        shared=False,
        recipients=(Recipient(1, address),),
        links=(SentLink(1, "https://example.com/", None, "here"),),
        sent_s=SENT_S,
    )


@contextlib.contextmanager
def following(links: Links, printed: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `waypost export --follow` until the block ends, and have its lines at the end of a file."""
    command = [WAYPOST, "export", "--follow", "-c", links.stack.config, *arguments]
    with printed.open("ab") as file, subprocess.Popen(command, stdout=file) as process:
        try:
            yield process
        finally:
            process.kill()


def printed_lines(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a file."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until so many lines are in a file."""
    until(lambda: len(printed_lines(path)) == count)


def test_who_follows_misses_nothing_through_restarts_of_both(links: Links, tmp_path: Path) -> None:
    """Killed at any moment, it goes on after its last line."""
    configure(links, '[stream]\nkeep = "1h"\n')
    printed, clicked = tmp_path / "events.jsonl", []
    with following(links, printed), links.stack.serving("tracker"):
        clicked += [links.click() for _ in range(5)]
        wait_for_lines(printed, 5)
    with links.stack.serving("tracker"):
        clicked += [links.click() for _ in range(5)]
        wait_for_counting(links, 10)
        with following(links, printed, "--after", printed_lines(printed)[-1]["cursor"]) as process:
            wait_for_lines(printed, 10)
            process.kill()
            process.wait()
            clicked += [links.click() for _ in range(5)]
            wait_for_counting(links, 15)
        with following(links, printed, "--after", printed_lines(printed)[-1]["cursor"]):
            clicked += [links.click() for _ in range(5)]
            wait_for_lines(printed, 20)
    assert [each["destination"] for each in printed_lines(printed)] == clicked


def test_to_follow_something_has_to_be_kept(links: Links) -> None:
    """Without that, it says what to do."""
    done = waypost("export", "--follow", "-c", links.stack.config)
    assert done.returncode == 1
    assert b'keep = "1h"' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--follow", "--csv"], b"goes with --after alone"),
        (["--follow", "--campaign", "Spring"], b"goes with --after alone"),
        (["--follow", "--after", "12"], b"is no cursor of `waypost export --follow`"),
        (["--after", "AQ"], b"is no cursor of a click"),
    ],
)
def test_what_does_not_go_together_is_refused(
    links: Links, arguments: list[str], said: bytes
) -> None:
    """As wrong usage."""
    configure(links, '[stream]\nkeep = "1h"\n')
    done = waypost("export", *arguments, "-c", links.stack.config)
    assert done.returncode == 2
    assert said in done.stderr
