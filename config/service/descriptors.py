"""File descriptors: how many this process may have, and who may use how many of them.

Owns: raising the soft limit (RLIMIT_NOFILE) to the hard one, and sharing it out, so that connections
of readers never take what spool, store and mail need.
Does not own: refusing connections beyond a share (`tracker.listener.admission`).
"""

import resource

MOST_WANTED = 65_536
"""More is never asked for; `LimitNOFILE=` of our units is the same."""

KEPT = 128
"""For spool, store, log, sockets that listen, and whatever else a process opens for a moment."""

FOR_ADMIN = 256
"""Connections of operators, their programs and Prometheus; fewer where descriptors are few."""

LEAST = 16
"""Connections of readers, however few descriptors there are."""


def allowed() -> int:
    """Raise the soft limit as far as it may be; return how many descriptors that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = MOST_WANTED if hard == resource.RLIM_INFINITY else min(hard, MOST_WANTED)
    if soft == resource.RLIM_INFINITY or soft >= highest:
        return highest
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    except (OSError, ValueError):  # a sandbox may forbid it
        return soft
    return highest


def for_admin(descriptors: int) -> int:
    """Return how many connections the admin listener may have in a process with so many."""
    return max(LEAST, min(FOR_ADMIN, descriptors // 8))


def for_readers(descriptors: int, mail_sessions: int = 0) -> int:
    """Return how many connections of readers a process with so many `descriptors` may have.

    Each of `mail_sessions` in the same process takes two, to the client and to the relay. Where there
    are too few for all, readers get a quarter.
    """
    free = descriptors - KEPT - for_admin(descriptors)
    return max(LEAST, free // 4, free - 2 * mail_sessions)
