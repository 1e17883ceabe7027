"""Short links: a code of seven characters that stands for a token, for SMS and chat.

Owns: codes, the file beside the store that keeps them, and what is held of it in memory.
Does not own: tokens (`tokens`), what a request for a code is answered (`redirector`), noticing that
the file changed (`watch`).

The file holds one link a line, the code and its token, and is only ever appended to. It does not
depend on the database (P8), and a token in it is as hard to forge or to read as one in mail. But
while a tracked link of mail carries all it needs, a short link is lost with this file: keep copies.
A code once read stays known until the process ends, whatever becomes of the file.
"""

import fcntl
import os
import re
import secrets
import string
import threading
from pathlib import Path
from typing import BinaryIO

from config import observe
from tracker.segments import inherit_owner, sync_directory

PATH = "/s/"
"""What stands between the base URL and a code."""
CODE_CHARACTERS = 7
"""There are 3.5e12 of them: with a million in use, one guess in 3.5 million finds one."""
LAST_OCTETS = 64
"""Of what was read last, by which a file is known to be the same as before."""
ALPHABET = string.ascii_letters + string.digits

_LINE = re.compile(rb"([A-Za-z0-9]{1,7}) ([A-Za-z0-9_-]+)")
_IN_URL = re.compile(rf"{PATH}([A-Za-z0-9]{{1,7}})\Z")


class ShortLinks:
    """The codes of one file. Safe to use from any thread; about 300 octets of memory each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._last = b""

    @classmethod
    def load(cls, path: Path) -> "ShortLinks":
        """Read the file, none where there is none; raises OSError."""
        links = cls(path)
        links.refresh()
        return links

    def token(self, code: str) -> str | None:
        """Give the token that a code stands for."""
        return self._tokens.get(code)

    def refresh(self) -> None:
        """Read what was added to the file; raises OSError."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    self._read_on(file)
            except FileNotFoundError:
                return

    def read(self, _path: Path) -> "ShortLinks":
        """Read what was added to the file, and give all of it, as `watch.Watched` wants."""
        self.refresh()
        return self

    def add(self, token: str) -> str:
        """Give a new code for a token, once it is durable; raises OSError."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with self._lock, os.fdopen(descriptor, "a+b") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            inherit_owner(self._path)
            torn = self._read_on(file)
            code = self._unused()
            file.write(b"\n" * torn + f"{code} {token}\n".encode("ascii"))
            file.flush()
            os.fsync(descriptor)
            self._tokens[code] = token
        sync_directory(self._path.absolute().parent)
        return code

    def _unused(self) -> str:
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
            if code not in self._tokens:
                return code

    def _read_on(self, file: BinaryIO) -> bool:
        """Read from where the last reading ended; says whether the last line has no end."""
        found = os.fstat(file.fileno())
        identity = found.st_dev, found.st_ino
        if identity != self._file or not self._goes_on(file):
            self._file, self._offset, self._last = identity, 0, b""
        file.seek(self._offset)
        octets = file.read()
        ended = octets.rfind(b"\n") + 1
        self._offset += ended
        self._last = octets[:ended][-LAST_OCTETS:] or self._last
        self._take(octets[:ended].splitlines())
        return ended < len(octets)

    def _goes_on(self, file: BinaryIO) -> bool:
        """Say whether what was read last still stands there: a copy may have been put back."""
        file.seek(self._offset - len(self._last))
        return file.read(len(self._last)) == self._last

    def _take(self, lines: list[bytes]) -> None:
        damaged = 0
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is None:
                damaged += bool(line)
            else:
                # The first counts: a code that somebody holds never changes its meaning.
                self._tokens.setdefault(match[1].decode("ascii"), match[2].decode("ascii"))
        if damaged:
            observe.log(observe.SHORT_LINKS_UNREADABLE, path=str(self._path), lines=damaged)


def code_in(url: str) -> str | None:
    """Give the code in a short link, whatever host or prefix it has; None where it is none."""
    path = url.strip().partition("?")[0].partition("#")[0]
    found = _IN_URL.search(path)
    return found and found[1]


def file_of(store: Path) -> Path:
    """Give the file of the store at `store`."""
    return store.with_name(f"{store.name}.shortlinks")
