"""Stories told once more on the event loop that the proxy runs on."""

import asyncio
from collections.abc import Callable, Coroutine

import uvloop

Story = Callable[[], Coroutine[None, None, None]]


def told_on_uvloop(story: Story) -> str:
    """Run a story, which asserts what it is about; return the name of the module of the loop that it ran on."""

    async def told() -> str:
        await story()
        return type(asyncio.get_running_loop()).__module__

    return uvloop.run(told())
