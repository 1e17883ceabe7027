"""Fixtures of pages: a tracker that holds what a believable sender sent, and browsers at its pages."""

import time
from collections.abc import Iterator

import pytest

from config.schema import Config, StoreConfig
from tests.support import believable
from tests.support.browser import Browser, browsing
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run `waypost tracker` for the sender of `tests.support.believable`."""
    stack = Stack(folder=tmp_path_factory.mktemp("shop") / "waypost", relay=9).furnish()
    believable.spool(Config(store=StoreConfig(url=f"sqlite:///{stack.database}")), time.time())
    with stack.serving("tracker"):
        yield stack


@pytest.fixture(scope="module")
def browser(shop: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser at the pages of the shop."""
    with browsing(shop.admin, tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def plain_browser(shop: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser that runs no scripts."""
    with browsing(shop.admin, tmp_path_factory.mktemp("plain"), scripts=False) as started:
        yield started
