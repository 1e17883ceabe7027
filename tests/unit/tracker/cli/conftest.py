"""What tests of commands share: a store of which there is something to say."""

from pathlib import Path

import pytest

from tests.support.clients.commands import LINKS, SENT_S, click, message, spooled


@pytest.fixture
def filled(folder: Path) -> Path:
    """Return a folder whose spool holds two messages and four clicks."""
    later = SENT_S + 86400
    machine = {"method": "HEAD", "human": False, "reasons": ("head/1",), "signals": ("head",)}
    spooled(
        folder,
        *message(1, "news", "ann@example.org"),
        *message(2, None, "bob@example.org", later),
        click(1, 1, LINKS[0]),
        click(2, 1, LINKS[0]),
        click(3, 1, LINKS[1]),
        click(4, 2, LINKS[0], later, **machine),
    )
    return folder
