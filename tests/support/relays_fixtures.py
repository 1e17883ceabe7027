"""Fixtures of real mail servers."""

from collections.abc import Iterator

import pytest

from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.relays.private_relays import exim_running, opensmtpd_running
from tests.support.stack import Mailbox


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    """Run a real Postfix on a free port; skip, saying so, where none is installed."""
    with postfix_running() as running:
        yield running


@pytest.fixture(scope="module")
def exim() -> Iterator[Postfix]:
    """Run a real Exim, unpacked privately; skip, saying so, where it cannot be had."""
    with exim_running() as running:
        yield running


@pytest.fixture
def opensmtpd(mailbox: Mailbox) -> Iterator[int]:
    """Run a real OpenSMTPD, unpacked privately, that hands everything on to `mailbox`."""
    with opensmtpd_running(mailbox.port) as port:
        yield port
