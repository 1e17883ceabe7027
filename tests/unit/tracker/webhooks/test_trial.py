"""An example is sent as any event is."""

from pathlib import Path

import pytest

from config.keys.secret_files import KeyFileError
from tests.support.receiver import Receiver, receiving, status, webhook
from tracker.webhooks.trial import send_example


def test_an_example_comes_signed(tmp_path: Path) -> None:
    """With a type of its own, and all that events say."""
    with receiving() as receiver:
        trial = send_example(webhook(receiver, tmp_path))
    (came,) = receiver.received
    told = came.verified()
    assert (trial.answer.status, trial.event_id) == (204, came.id)
    assert (told["type"], told["data"]["event_type"]) == ("webhook.test", "clicked")


def test_what_came_back_is_told(tmp_path: Path) -> None:
    """Whatever it is; it is tried once."""
    with receiving(Receiver(then=status(403))) as receiver:
        assert send_example(webhook(receiver, tmp_path)).answer.status == 403
    assert len(receiver.received) == 1


def test_without_a_secret_nothing_is_sent(tmp_path: Path) -> None:
    """The error names the file."""
    with receiving() as receiver:
        to = webhook(receiver, tmp_path)
        to.secret_file.unlink()
        with pytest.raises(KeyFileError):
            send_example(to)
    assert receiver.received == []
