"""Reload: SIGHUP asks every service in this process to read its configuration again.

Owns: passing one signal on to several callbacks, as an event loop has one handler for each signal;
keeping the values of keys that take a restart, and telling systemd what is not in force.
Does not own: what a service does then, and which keys those are (`proxy.server.reload`,
`tracker.app.reload`).
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

from pydantic import BaseModel

from config.service import systemd

_callbacks: list[Callable[[], object]] = []
_left_out: dict[str, str] = {}

Model = TypeVar("Model", bound=BaseModel)


@contextlib.contextmanager
def on_sighup(callback: Callable[[], object]) -> Iterator[None]:
    """Call `callback` in the running loop at each SIGHUP while the block runs.

    A signal that arrived while SIGHUP was blocked counts too. One that arrives after the block is
    ignored: the loop keeps its handler, as without one the signal would kill a process that is
    about to stop.
    """
    _callbacks.append(callback)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _call_all)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        _callbacks.remove(callback)


def _call_all() -> None:
    for callback in tuple(_callbacks):
        callback()


def tell(service: str, *, refused: str = "", waiting: Sequence[str] = ()) -> None:
    """Show in `systemctl status` what the last reload of `service` did not put in force, if anything.

    `refused` is what is wrong with the configuration, `waiting` names keys that take a restart.
    """
    _left_out[service] = ""
    if refused:
        _left_out[service] = f"{service} not reloaded, what was in force stays: {refused}"
    elif waiting:
        _left_out[service] = f"{service} takes a restart for {', '.join(waiting)}"
    systemd.status("; ".join(filter(None, _left_out.values())))


def reload_unheard(service: str, reload: Callable[[], Sequence[str]]) -> None:
    """Reload for workers that are still to come; `reload` returns the keys that take a restart.

    Those at work do so themselves and log it, but systemd hears their parent alone.
    """
    try:
        waiting = reload()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on
        tell(service, refused=str(error))
    else:
        tell(service, waiting=waiting)


def changed(keys: Iterable[str], before: Model, after: Model) -> tuple[str, ...]:
    """Return those of `keys` (`"table.key"`) that have another value in `after`."""
    return tuple(key for key in keys if attrgetter(key)(before) != attrgetter(key)(after))


def keep(keys: Iterable[str], before: Model, after: Model) -> Model:
    """Return the configuration `after` with the values of `before` for `keys` (`"table.key"`)."""
    kept = after
    for key in keys:
        name, _, field = key.partition(".")
        table = getattr(kept, name).model_copy(update={field: attrgetter(key)(before)})
        kept = kept.model_copy(update={name: table})
    return kept
