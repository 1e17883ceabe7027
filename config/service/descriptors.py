"""File descriptors: how many this process may have, and who may use how many of them.

Owns: raising the soft limit (RLIMIT_NOFILE) to the hard one, and sharing it out, so that
connections of readers and of SMTP clients never take what spool and store need, nor each other's.
Does not own: refusing connections beyond a share (`tracker.listener.admission`,
`proxy.server.server`).
"""

import resource

MOST_WANTED = 65_536
"""More is never asked for; `LimitNOFILE=` of our units is the same."""

KEPT = 128
"""For spool, store, log, sockets that listen, and whatever else a process opens for a moment."""

FOR_ADMIN = 256
"""Connections of operators, their programs and Prometheus; fewer where descriptors are few."""

LEAST = 16
"""Connections of readers, or SMTP sessions, however few descriptors there are."""

A_SESSION = 2
"""Descriptors of one SMTP session: to its client and to the relay."""


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

    `mail_sessions` are those of SMTP in the same process. Where there are too few descriptors for
    all, readers get a quarter.
    """
    free = descriptors - KEPT - for_admin(descriptors)
    return max(LEAST, free // 4, free - A_SESSION * mail_sessions)


def for_mail(descriptors: int, *, beside_readers: bool = False) -> int:
    """Return how many SMTP sessions a process with so many `descriptors` may have.

    With `beside_readers` it has their connections and those of the admin listener as well.
    """
    free = descriptors - KEPT
    if beside_readers:
        free -= for_admin(descriptors)
        free -= max(LEAST, free // 4)
    return max(LEAST, free // A_SESSION)
