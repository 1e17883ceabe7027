"""Fixtures that stories share: a mailbox as the relay, a furnished Waypost, and links of one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.support.clients.programs import free_port
from tests.support.readers.links import Links
from tests.support.stack import Mailbox, Stack


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Serve a mailbox over SMTP on a free port of the loopback."""
    box = Mailbox(port=free_port())
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        enable_SMTPUTF8=True,
        server_hostname="mailbox.test",
    )
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def stack(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost in front of the mailbox; `stack.serving()` runs it."""
    return Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a Waypost whose tracker alone is wanted; nothing of it runs yet."""
    return Links(Stack(folder=tmp_path / "waypost", relay=9).furnish())


@pytest.fixture
def running(links: Links) -> Iterator[Links]:
    """Run `waypost tracker`."""
    with links.stack.serving("tracker"):
        yield links
