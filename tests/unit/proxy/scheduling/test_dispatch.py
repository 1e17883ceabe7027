"""Where messages are worked on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from proxy.rewrite.transformer import Outgoing, Submission, Transformer
from proxy.scheduling.dispatch import LARGE_MESSAGE_OCTETS, Dispatcher
from proxy.scheduling.loop_budget import ITERATION_OCTETS, LoopBudget
from proxy.scheduling.offload import MakeCopy, OffloadProcess
from tests.support.log_lines import capture_logs
from tests.support.mail import html_message, link
from tests.support.session_fixtures import configuration
from tests.support.slow_mail import KINDS
from tracker.decisions.consents import Consents

SUBMISSION = Submission(b"a@example.com", (b"b@example.net", b"c@example.net"), trusted=True)
UNTRUSTED = Submission(b"a@example.com", (b"b@example.net",), trusted=False)
SMALL = html_message(link("https://example.net/"))
LARGE = SMALL + b"<p>more</p>\r\n" * (LARGE_MESSAGE_OCTETS // 13)
SLOW = KINDS["links"](60_000)
THERE = Outgoing(b"from there", None)


class Elsewhere:
    """Stands for the other process."""

    async def shared(self, *_: object) -> Outgoing:
        """Return the one copy."""
        return THERE

    @asynccontextmanager
    async def prepared(self, *_: object) -> AsyncIterator[MakeCopy]:
        """Return what makes copies."""

        async def make(_: int) -> Outgoing:
            return THERE

        yield make


def dispatcher(folder: Path, iteration_octets: int = ITERATION_OCTETS) -> Dispatcher:
    """Return one that has no process of its own."""
    transformer = Transformer.from_config(configuration(folder, 25), Consents)
    return Dispatcher(
        transformer, cast("OffloadProcess", Elsewhere()), LoopBudget(iteration_octets)
    )


async def copies(dispatch: Dispatcher, message: bytes, submission: Submission) -> set[bytes]:
    """Return what is sent, as one copy and as copies."""
    sent = {(await dispatch.shared(message, submission)).content}
    async with dispatch.personal(message, submission) as make:
        if make is not None:
            sent |= {(await make(index)).content for index in range(2)}
    return sent


@pytest.mark.parametrize("message", [LARGE, SLOW], ids=["large", "slow"])
async def test_much_work_is_done_in_another_process(message: bytes, tmp_path: Path) -> None:
    """Whether its size tells so, or only the work itself."""
    assert await copies(dispatcher(tmp_path), message, SUBMISSION) == {b"from there"}


async def test_little_work_is_done_here(tmp_path: Path) -> None:
    """Each copy has links of its own."""
    sent = await copies(dispatcher(tmp_path), SMALL, SUBMISSION)
    assert len(sent) == 3
    assert all(b"/c/" in each for each in sent)


async def test_what_is_broken_off_leaves_no_trace(tmp_path: Path) -> None:
    """Nothing is told of a message twice."""
    with capture_logs() as lines:
        await dispatcher(tmp_path).shared(SLOW, SUBMISSION)
    assert lines == []


async def test_what_is_not_looked_at_waits_for_no_iteration(tmp_path: Path) -> None:
    """There is no work in it, however large it is."""
    crowded = dispatcher(tmp_path, iteration_octets=0)
    async with asyncio.timeout(1):
        assert (await crowded.shared(LARGE, UNTRUSTED)).content is LARGE
        async with crowded.personal(LARGE, UNTRUSTED) as make:
            assert make is None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await crowded.shared(SMALL, SUBMISSION)
