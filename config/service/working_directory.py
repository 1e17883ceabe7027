"""The working directory, which processes that a service starts take over.

Owns: that it is one that they can be started in.
Does not own: starting them (`tracker.feeding.process`, `proxy.scheduling.offload`).
"""

import os


def make_sure() -> None:
    """Go to the root directory where the working directory was deleted, or is closed to this user.

    multiprocessing has each of its processes change to it by name, and none would begin: where root
    starts a service at home, which the owner of the store may not enter, or a folder is removed later.
    """
    try:
        os.chdir(os.getcwd())  # noqa: PTH109 - a path of this kind is no more than that
    except OSError:
        os.chdir("/")
