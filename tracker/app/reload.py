"""What happens in a tracker that runs when it is asked to read its configuration again.

Owns: that all parts of this process go by what is in force then, and what log and systemd hear.
Does not own: what that is, and what has to wait for a restart (`in_force`), the signal
(`config.service.reload`), or the parts (`app` makes them).
"""

from collections.abc import Callable, Iterable

from config.keys.secret_files import KeyFileError
from config.loading.load import ConfigError
from config.schema import Config
from config.service.reload import tell
from config.telemetry import observe
from tracker.app.in_force import InForce

Follow = Callable[[InForce], None]
"""Has a part of this process go by what is in force."""


def reload(in_force: InForce, parts: Iterable[Follow], read: Callable[[], Config]) -> None:
    """Put in force what `read` returns, and log what of it takes a restart, or why none of it is."""
    try:
        waiting = in_force.reload(read)
    except (ConfigError, KeyFileError, OSError, ValueError) as error:
        observe.log(observe.TRACKER_NOT_RELOADED, problems=str(error))
        tell("tracker", refused=str(error))
        return
    for follow in parts:
        follow(in_force)
    observe.log(observe.TRACKER_RELOADED)
    tell("tracker", waiting=waiting)
    if waiting:
        observe.log(observe.RESTART_NEEDED, service="tracker", keys=waiting)
