"""`waypost serve`: proxy and tracker come up and go down as one."""

import asyncio
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.loading.load import load
from config.schema import Config
from tests.support.stack import Stack
from tracker.app.parts import CannotStart
from waypost_serve import Begun, begin, opened, run_together, serve


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Furnish a Waypost with free ports; its relay is not asked."""
    return Stack(folder=tmp_path / "waypost", relay=9).furnish()


@pytest.fixture
def config(stack: Stack) -> Config:
    """Return its configuration."""
    return load(stack.config)


def begun(config: Config) -> Begun:
    """Return what both begin with; raises an ExceptionGroup of what stands in the way."""
    return begin(config, *opened(config))


async def greeting(port: int) -> bytes:
    """Connect, and return the first line that is said; closed ports raise OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()


async def test_it_is_ready_when_both_take_connections(stack: Stack, config: Config) -> None:
    """Not after the first; and both end when it is told to stop."""
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(run_together(begun(config), stop=stop, on_ready=ready.set))
    await asyncio.wait_for(ready.wait(), 20)
    assert (await greeting(stack.smtp)).startswith(b"220 ")
    socket.create_connection(("127.0.0.1", stack.http), 5).close()
    stop.set()
    await asyncio.wait_for(serving, 20)
    for port in (stack.smtp, stack.http):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)


def test_where_one_cannot_start_the_other_ends_too(stack: Stack, config: Config) -> None:
    """A proxy whose links lead nowhere is worse than none."""
    with socket.create_server(("127.0.0.1", stack.http)), pytest.raises(ExceptionGroup) as raised:
        opened(config)
    (error,) = raised.value.exceptions
    assert isinstance(error, CannotStart)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", stack.smtp), 5)


def test_what_begins_later_has_what_was_reloaded_by_then(config: Config) -> None:
    """Mail and readers alike; a configuration that cannot be used changes neither."""
    both = begun(config)

    def broken() -> Config:
        raise ValueError("no TOML")

    tables = config.model_dump()
    tables["proxy"]["max_copies"], tables["tracker"]["referrer_policy"] = 5, "origin"
    both.reload(lambda: Config.model_validate(tables))
    for _ in range(2):
        assert both.mail.config.proxy.max_copies == 5
        assert both.readers.rules.referrer_policy == "origin"
        both.reload(broken)
    both.readers.parts.close()
    both.sockets.close()


@pytest.mark.parametrize("side", ["smtp", "http"])
def test_an_address_in_use_is_a_clear_error(stack: Stack, side: str) -> None:
    """Exit status 1, and a line that names it."""
    port = getattr(stack, side)
    with socket.create_server(("127.0.0.1", port)):
        done = CliRunner().invoke(serve, ["-c", str(stack.config)])
    assert done.exit_code == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
