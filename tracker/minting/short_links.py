"""Short links: a code of seven characters that stands for a token, for SMS and chat.

Owns: codes, what is held of them in memory, and what the copy of their file is for.
Does not own: tokens (`tracker.tokens`), the form of file and copy (`code_file`), how a request for
a code is answered (`tracker.redirect.redirector`), what monitoring sees (`tracker.records.health`).

The file beside the store holds one link a line, the code and its token, and is only ever appended
to. It does not depend on the database (P8), and a token in it is as hard to forge or to read as one
in mail. But while a tracked link of mail carries all it needs, a short link is lost with its line.
So a code once read stays known until the process ends, whatever becomes of the file, and the
tracker keeps a copy of all of them. Where several nodes share a database, what all of them made is in a
third file, which `tracker.nodes` writes. Unlike the lines of a `tracker.records.record_file`, they have
no order and none is ever taken back, and there may be millions: nothing of file or copy is written
twice, or read twice while it only grows.
"""

import contextlib
import re
import secrets
import string
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from config.schema import StateFile
from config.telemetry import observe
from tracker.minting.code_file import CodeFile, Reading, settle
from tracker.records.health import FileHealth
from tracker.tokens import SHORT_PATH

CODE_CHARACTERS = 7
"""There are 3.5e12 of them: with a million in use, one guess in 3.5 million finds one."""
ALPHABET = string.ascii_letters + string.digits

_IN_URL = re.compile(rf"{SHORT_PATH}([A-Za-z0-9]{{1,7}})\Z")


class ShortLinks:
    """The codes of one store. Safe to use from any thread; about 350 octets of memory each.

    `register` has a code stand for a token on all nodes that share a database, before anybody holds it; it
    returns False where that is another's, and may raise OSError.
    """

    def __init__(
        self, state: StateFile, register: Callable[[str, str], bool] = lambda _code, _token: True
    ) -> None:
        self._register = register
        self._file, self._copy = CodeFile(file_of(state)), CodeFile(copy_of(state))
        self._shared = CodeFile(shared_of(state))
        paths = (self._file.path, self._copy.path, self._shared.path)
        self._health = FileHealth(observe.SHORT_LINKS, *paths)
        self._tokens: dict[str, str] = {}
        self._elsewhere: set[str] = set()
        """Codes that the log of all nodes has; not all of them were made here."""
        self._lock = threading.Lock()

    @classmethod
    def load(cls, state: StateFile) -> Self:
        """Read all files, nothing where there is none; raises OSError."""
        links = cls(state)
        for each in (links._copy, links._file, links._shared):
            links._read(each)
        return links

    def token(self, code: str) -> str | None:
        """Return the token that a code stands for; None for an unknown one."""
        return self._tokens.get(code)

    def refresh(self) -> None:
        """Read what was added to file and copy, and add to the copy what it lacks.

        The copy is read first: what is there has been in the file before, and is not lost.
        """
        with self._lock:
            with contextlib.suppress(OSError):  # `_complete_copy` tries it as well, and tells
                self._read(self._copy)
            with self._health.trying("file"):
                self._read(self._file)
            with self._health.trying("shared"):
                self._read(self._shared)
            if self._copy.lacking or self._copy.trouble is not None:
                with self._health.trying("copy"):
                    self._complete_copy()
            lost = self._file.lacking - self._elsewhere
            self._health.tell(len(lost), self._file.damaged)

    def look(self) -> None:
        """Read what was added to the files just now; nothing is written."""
        with self._lock:
            for source in (self._file, self._shared):
                with contextlib.suppress(OSError):  # `refresh` tries it as well, and tells
                    self._read(source)

    def add(self, token: str) -> str:
        """Return a new code for a token, once it is durable; raises OSError."""
        while True:
            code = self._unused()
            if self._register(code, token) and self._write(code, token):
                return code

    def _write(self, code: str, token: str) -> bool:
        """Write a link down durably; False where another process has given out its code meanwhile."""
        made: dict[str, str] = {}

        def choose(reading: Reading) -> dict[str, str]:
            self._take_in(self._file, reading)
            if self._tokens.get(code, token) == token:
                made[code] = token
            return made

        with self._lock:
            self._file.extend(choose)
            self._tokens |= made
            self._copy.lacking |= made.keys()
        return bool(made)

    def learn(self, code: str, token: str) -> None:
        """Take in a code that another node made, which its log told before our files have it."""
        with self._lock:
            self._elsewhere.add(code)
            if settle(self._tokens, code, token):
                self._copy.lacking.add(code)

    def _unused(self) -> str:
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
            if code not in self._tokens:
                return code

    def _read(self, source: CodeFile) -> None:
        self._take_in(source, source.read_new())

    def _complete_copy(self) -> None:
        def choose(reading: Reading) -> dict[str, str]:
            self._take_in(self._copy, reading)
            return {code: self._tokens[code] for code in self._copy.lacking}

        self._copy.extend(choose)

    def _take_in(self, source: CodeFile, reading: Reading) -> None:
        """Take in what was read of one of the files, and note what file and copy lack."""
        new, tokens = _differing(reading.links, self._tokens), self._tokens
        settled = {code for code in new if settle(tokens, code, reading.links[code])}
        for other in {self._file, self._copy} - {source}:
            other.lacking |= settled
        if source is self._shared:
            self._elsewhere |= reading.links.keys()
        if reading.whole:
            source.lacking = _differing(tokens, reading.links)
        else:
            source.lacking -= reading.links.keys() - _differing(reading.links, tokens)


def _differing(some: Mapping[str, str], others: Mapping[str, str]) -> set[str]:
    """Return the codes of `some` that do not stand for the same token in `others`."""
    if some == others:  # mostly; this takes a tenth of the time
        return set()
    return {code for code, token in some.items() if others.get(code) != token}


def code_in(url: str) -> str | None:
    """Return the code in a short link, whatever host or prefix it has; None where it is none."""
    path = url.strip().partition("?")[0].partition("#")[0]
    found = _IN_URL.search(path)
    return found and found[1]


def file_of(state: StateFile) -> Path:
    """Return the path of the file of this machine."""
    return state("shortlinks")


def copy_of(state: StateFile) -> Path:
    """Return the path of the tracker's copy of all links that it ever read there."""
    return state("shortlinks.known")


def shared_of(state: StateFile) -> Path:
    """Return the path of what all nodes made, in the order of their shared log."""
    return state("shortlinks.shared")
