"""The journal as sessions use it."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.delivery.delivered_db import DeliveredDb, JournalError, TakenUp
from proxy.delivery.duplicates import DuplicateSuppression, SuppressedMessage
from proxy.message.named_fields import HEADER_OCTETS
from proxy.rewrite.transformer import Submission
from tests.support.log_lines import capture_logs

MESSAGE = b"Message-ID: <1@example.com>\r\n\r\n"
FILLER = b"X-Filler: x\r\n"
SUBMISSION = Submission(b"a@example.com", (b"b@example.net",), trusted=True)


async def test_a_message_that_nobody_waits_for_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault while it is taken up must not hold it for ever."""
    delivered_db = DeliveredDb(tmp_path / "journal")
    plain, begun, go_on = delivered_db.begin, threading.Event(), threading.Event()

    def slow(message: bytes, recipients: Sequence[bytes], message_id: bytes) -> TakenUp | None:
        begun.set()
        go_on.wait(5)
        return plain(message, recipients, message_id)

    monkeypatch.setattr(delivered_db, "begin", slow)
    first = asyncio.create_task(DuplicateSuppression(delivered_db).begin("x", SUBMISSION, MESSAGE))
    await asyncio.to_thread(begun.wait, 5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    async with asyncio.timeout(5):
        while await DuplicateSuppression(delivered_db).begin("x", SUBMISSION, MESSAGE) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def begun(folder: Path, message: bytes) -> SuppressedMessage:
    """Take a message up that nobody else is at work on."""
    taken = await DuplicateSuppression(DeliveredDb(folder / "journal")).begin(
        "x", SUBMISSION, message
    )
    assert taken is not None
    return taken


@pytest.mark.parametrize("before", [b"", b"Subject: x\r\n", FILLER * 1000])
async def test_a_message_is_remembered_by_its_message_id(before: bytes, tmp_path: Path) -> None:
    """Wherever it stands in the header."""
    assert (await begun(tmp_path, before + MESSAGE)).key is not None


@pytest.mark.parametrize("before", [b"Subject: x\r\n\r\n", FILLER * (HEADER_OCTETS // 10)])
async def test_a_message_without_an_id_is_not_remembered(before: bytes, tmp_path: Path) -> None:
    """Nor is one whose header has it far down: nobody waits while 25 MB are looked through."""
    assert (await begun(tmp_path, before + MESSAGE)).key is None


@pytest.mark.parametrize("fault", [JournalError("locked"), RuntimeError("can't start new thread")])
async def test_what_cannot_be_written_down_is_told_and_goes_on(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay has taken the copy: no fault of ours may make anything else of that."""
    delivered_db = DeliveredDb(tmp_path / "journal")
    message = await DuplicateSuppression(delivered_db).begin("x", SUBMISSION, MESSAGE)
    assert message is not None

    def broken(*_args: object) -> None:
        raise fault

    monkeypatch.setattr(delivered_db, "delivered", broken)
    with capture_logs() as lines:
        await message.delivered(b"b@example.net")
    assert [line["event"] for line in lines] == ["journal_failed"]


async def test_a_journal_that_cannot_be_read_holds_no_mail_up(tmp_path: Path) -> None:
    """Nothing is remembered of the message, and the log says why."""
    (tmp_path / "journal").mkdir()
    with capture_logs() as lines:
        taken = await begun(tmp_path, MESSAGE)
    assert (taken.key, taken.had) == (None, frozenset())
    assert [line["event"] for line in lines] == ["journal_failed"]


async def test_a_retry_has_the_ids_of_the_first_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each recipient theirs, and its second; a message that is not remembered has any."""
    suppression = DuplicateSuppression(DeliveredDb(tmp_path / "journal"))
    several = replace(SUBMISSION, rcpt_to=(b"b@example.net", b"c@example.net", b"b@example.net"))
    first = await suppression.begin("x", several, MESSAGE)
    assert first is not None
    assert [each.number for each in first.submission.copy_ids] == [1, 2, 1]
    await suppression.end(first, told=False)
    later_s = time.time() + 600
    monkeypatch.setattr(time, "time", lambda: later_s)
    again = await suppression.begin("x", SUBMISSION, MESSAGE)
    assert again is not None
    assert again.submission.copy_ids == first.submission.copy_ids[:1]
    nameless = await suppression.begin("x", several, b"Subject: x\r\n\r\n")
    assert nameless is not None
    assert nameless.submission == several
