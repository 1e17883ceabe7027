"""Programs send their mail although the first relay is dead, in whichever way; `bench/` measures it."""

from pathlib import Path

import pytest

from tests.support.clients.mailers import RCPT, msmtp, run
from tests.support.relays.dead_relays import DEAD_RELAYS
from tests.support.stack import Mailbox, Stack


@pytest.mark.parametrize("name", DEAD_RELAYS)
async def test_mail_goes_to_the_other_relay(name: str, mailbox: Mailbox, tmp_path: Path) -> None:
    """The first message, which finds out, and the next, which knows; the log says it once."""
    with DEAD_RELAYS[name]() as dead:
        stack = Stack(tmp_path / "waypost", dead).furnish()
        fallback = f'tls = "none"\nfallback = ["127.0.0.1:{mailbox.port}"]\n'
        text = stack.config.read_text()
        stack.config.write_text(text.replace('tls = "none"\n', fallback, 1))
        with stack.serving("proxy"):
            for _ in range(2):
                told = await run(msmtp, stack.smtp, tmp_path)
                assert told.status == 0, told.text
    assert [each.rcpt_tos for each in mailbox.received] == [[RCPT]] * 2
    log = stack.log.read_text()
    assert log.count("relay_passed_over") + log.count("relay_attempt_failed") == 1
