"""The HTTP server is tested on the event loop of the services."""

import uvloop


def pytest_asyncio_loop_factories(config, item):
    """Have pytest-asyncio make event loops of uvloop."""
    return {"uvloop": uvloop.new_event_loop}
