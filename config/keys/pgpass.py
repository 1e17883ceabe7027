"""The file with the password of PostgreSQL, as its client library takes it.

Owns: the systemd credential that stands for it, and handing libpq what it may not read by itself.
Does not own: who else may read the file (`secret_files`), its lines, or connecting (`tracker.sql`).
https://www.postgresql.org/docs/current/libpq-pgpass.html
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from config.keys.secret_files import credential, read_secret

CREDENTIAL = Path("/pgpass")
"""What a systemd credential stands for where no key names a file."""


@contextlib.contextmanager
def readable_passfile(passfile: Path | None) -> Iterator[Path | None]:
    """Yield where libpq finds the passwords of `passfile`; None: where it looks by itself.

    It takes no file that a group may read, as systemd's credentials can be, and none that only root may
    read; so it gets a copy in memory. Raises KeyFileError.
    """
    named = passfile or (CREDENTIAL if credential(CREDENTIAL) else None)
    if named is None:
        yield None
        return
    with os.fdopen(os.memfd_create("waypost-pgpass"), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(read_secret(named))
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")
