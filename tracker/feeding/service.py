"""Feeding the store as a service of its own: on a machine that has no tracker.

Owns: beginning, going by a new configuration at SIGHUP, and ending.
Does not own: feeding (`feeding`), signals and systemd (`config.service`), or the command
(`tracker.cli.feed`).
"""

import asyncio
from collections.abc import Callable
from functools import partial

from config.keys.secret_files import KeyFileError
from config.loading.load import ConfigError
from config.schema import Config
from config.service.reload import changed, keep, on_sighup, tell
from config.telemetry import exposition, observe
from tracker.feeding.child import NAME
from tracker.feeding.feeding import Feeding, give_way
from tracker.nodes import joining
from tracker.store import database

TAKE_RESTART = (
    *("store.url", "store.state", "store.node", "store.passfile", "store.hold"),
    *("log.level", "log.format"),
)
"""Keys whose values at the start stay: of files and a log that are open."""


async def serve(
    config: Config,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], object],
    reload: Callable[[], Config],
) -> None:
    """Feed the store until `stop` is set; `reload` reads the configuration anew at SIGHUP.

    Raises NameTaken, BadNodeKey and StoreError.
    """
    await asyncio.to_thread(joining.join, config)
    give_way()
    directory = exposition.directory_of(config.store.spool_dir)
    with exposition.published(directory, NAME), Feeding(config, NAME) as feeding:
        running = _Running(config, feeding)
        with on_sighup(partial(running.reload, reload)):
            observe.log(observe.FEEDER_READY, store=database.called(config.store))
            on_ready()
            await stop.wait()
        observe.log(observe.FEEDER_STOPPING)


class _Running:
    """What feeds, and the configuration that it goes by."""

    def __init__(self, config: Config, feeding: Feeding) -> None:
        self._config = config
        self._feeding = feeding

    def reload(self, read: Callable[[], Config]) -> None:
        """Go by what `read` returns, and log what of it takes a restart, or why it cannot be used."""
        try:
            config = read()
            waiting = changed(TAKE_RESTART, self._config, config)
            self._config = keep(TAKE_RESTART, self._config, config)
            self._feeding.configure(self._config)
        except (ConfigError, KeyFileError, OSError, ValueError) as error:
            observe.log(observe.FEEDER_NOT_RELOADED, problems=str(error))
            tell("feed", refused=str(error))
            return
        observe.log(observe.FEEDER_RELOADED)
        tell("feed", waiting=waiting)
        if waiting:
            observe.log(observe.RESTART_NEEDED, service="feed", keys=list(waiting))
