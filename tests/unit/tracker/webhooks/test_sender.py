"""All webhooks, told in a thread: whatever becomes of receivers and of us, no event is lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.receiver import (
    HANG_UP,
    OTHER_SECRET,
    SECRET,
    Receiver,
    configured,
    receiving,
    secret_file,
    stall,
    status,
    webhook,
)
from tests.support.sending import QUICK, Feeds, clicks, fed, sending
from tests.support.waiting import until
from tracker.outbox.queue import try_again
from tracker.outbox.standing import webhooks
from tracker.store import database


def standing(config: Config, name: str = "hook") -> dict[str, object]:
    """Return how a webhook stands."""
    with database.reading(config.store) as db:
        return next(each for each in webhooks(db, config) if each["name"] == name)


def test_each_click_is_told_once(tmp_path: Path) -> None:
    """Signed so that the library of receivers takes it, with an id of its own."""
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(50))
        with sending(config):
            receiver.wait_for(50)
            until(lambda: standing(config)["waiting"] == 0)
    assert len(receiver.received) == len({each.id for each in receiver.received}) == 50
    assert {each.path for each in receiver.received} == {"/clicks?key=1"}
    assert standing(config)["sent"] == 50


def test_a_receiver_that_dies_and_comes_back_gets_all(tmp_path: Path) -> None:
    """What was sent twice has the same id, and says the same."""
    receiver = Receiver()
    with receiving(receiver):
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(60))
        receiver.then = status(204)  # taken, though nobody notes it: we die before
    with sending(config):
        until(lambda: standing(config)["state"] == "failing")
        with receiving(receiver):
            receiver.wait_for_requests(20)
        receiver.behaviours = []
        fed(config, *clicks(20, first=60))
        with receiving(receiver):
            until(lambda: standing(config)["waiting"] == 0)
    assert len({each.id for each in receiver.received}) == 80
    bodies = {(each.id, each.body) for each in receiver.received}
    assert len(bodies) == 80
    assert standing(config)["given_up"] == 0


@pytest.mark.parametrize(
    "behaviour",
    [status(500), status(404), status(429), status(302, Location="/else"), stall, HANG_UP],
    ids=["500", "404", "429", "302", "stalls", "hangs up"],
)
def test_what_is_not_taken_is_sent_again_with_the_same_id(
    tmp_path: Path, behaviour: object
) -> None:
    """Whatever the answer was."""
    receiver = Receiver(behaviours=[behaviour, behaviour])  # type: ignore[list-item]
    with receiving(receiver):
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(1))
        patience_s = 1.0 if behaviour is stall else QUICK.timeout_s
        with sending(config, schedule=replace(QUICK, timeout_s=patience_s)):
            receiver.wait_for(1)
    assert receiver.behaviours == []
    assert len({each.id for each in receiver.received}) == 1
    assert {each.path for each in receiver.received} == {"/clicks?key=1"}


def test_a_webhook_that_stalls_holds_up_no_other(tmp_path: Path) -> None:
    """Each has a queue of its own."""
    slow = replace(QUICK, timeout_s=30.0, lease_s=40.0)
    with receiving(Receiver(then=stall)) as dead, receiving() as alive:
        config = configured(
            tmp_path,
            webhook(dead, tmp_path, name="dead"),
            webhook(alive, tmp_path, name="alive"),
        )
        fed(config, *clicks(40))
        with sending(config, schedule=slow):
            dead.wait_for_requests(1)
            alive.wait_for(40)
        assert 1 <= len(dead.received) <= 8
    assert standing(config, "dead")["waiting"] == 40


def test_one_that_answers_410_is_told_no_more(tmp_path: Path) -> None:
    """Its events are kept, also those that come, and go out once somebody says so."""
    receiver = Receiver(behaviours=[status(410)])
    with receiving(receiver):
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(1))
        with sending(config):
            until(lambda: standing(config)["state"] == "stopped")
            fed(config, *clicks(4, first=1))
            until(lambda: standing(config)["waiting"] == 5)
            assert len(receiver.received) == 1
        with sending(config), database.changing(config.store) as opened:
            with opened.transaction():
                opened.db.execute("UPDATE webhooks SET stopped_s = NULL, rests_until_s = 0")
            receiver.wait_for(5)


def test_a_process_that_does_not_feed_the_store_sends_nothing(tmp_path: Path) -> None:
    """Another does; once that is over, this one goes on."""
    this, other = Feeds(answer=False), Feeds(answer=False)
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(3))
        with sending(config, feeds=this), sending(config, feeds=other):
            this.wait_for_more()
            assert receiver.received == []
            this.answer = True
            receiver.wait_for(3)
            other.wait_for_more()
    assert len(receiver.received) == 3


def test_whoever_feeds_the_store_again_sends_again(tmp_path: Path) -> None:
    """However short it was that another did."""
    feeds = Feeds()
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        with sending(config, feeds):
            for number in range(5):
                fed(config, *clicks(1, first=number))
                receiver.wait_for(number + 1)
                feeds.answer = False
                feeds.wait_for_more(1 + number)
                feeds.answer = True


def test_a_reload_puts_webhooks_in_force(tmp_path: Path) -> None:
    """New ones are told what comes, changed ones at their new place, removed ones nothing more."""
    with receiving() as first, receiving() as second:
        before = configured(tmp_path, webhook(first, tmp_path))
        after = configured(tmp_path, webhook(second, tmp_path))
        fed(before, *clicks(2))
        feeds = Feeds()
        with sending(before, feeds) as sender:
            first.wait_for(2)
            sender.configure(after)
            feeds.wait_for_more()
            fed(after, *clicks(3, first=2))
            second.wait_for(3)
            sender.configure(configured(tmp_path))
            feeds.wait_for_more()
            fed(after, *clicks(1, first=5))
            feeds.wait_for_more()
    assert standing(after)["waiting"] == 1
    assert (len(first.received), len(second.received)) == (2, 3)


def test_two_secrets_sign_while_one_changes(tmp_path: Path) -> None:
    """The file is read again for each delivery; without it, events wait."""
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        file = secret_file(tmp_path, SECRET, OTHER_SECRET)
        with sending(config):
            fed(config, *clicks(1))
            receiver.wait_for(1)
            assert receiver.received[0].verified(OTHER_SECRET) == receiver.received[0].verified()
            file.unlink()
            fed(config, *clicks(1, first=1))
            secret_file(tmp_path, OTHER_SECRET)
            until(lambda: len(receiver.received) == 2)
    assert receiver.received[1].verified(OTHER_SECRET)["type"] == "click.created"


def test_a_store_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """The ingester makes it in its time."""
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        with sending(config):
            until(lambda: not config.store.path.exists())
            fed(config, *clicks(2))
            receiver.wait_for(2)


def test_a_store_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    """As after somebody was forgotten."""
    with receiving() as receiver:
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(2))
        with sending(config):
            receiver.wait_for(2)
            until(lambda: standing(config)["waiting"] == 0)
            for each in tmp_path.glob("waypost.db*"):
                each.unlink()
            fed(config, *clicks(3, first=2))
            receiver.wait_for(5)


def test_what_was_given_up_goes_out_when_somebody_says_so(tmp_path: Path) -> None:
    """Ten attempts, by the table; then it is kept."""
    receiver = Receiver(behaviours=[status(500)] * 10)
    with receiving(receiver):
        config = configured(tmp_path, webhook(receiver, tmp_path))
        fed(config, *clicks(1))
        with sending(config):
            until(lambda: standing(config)["given_up"] == 1)
            assert len(receiver.received) == 10
            with database.changing(config.store) as opened, opened.transaction():
                assert try_again(opened.db, 1, QUICK.clock(), 10) == 1
            receiver.wait_for(1)
    assert len({each.id for each in receiver.received}) == 1
