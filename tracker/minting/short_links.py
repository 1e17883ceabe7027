"""Short links: a code of seven characters that stands for a token, for SMS and chat.

Owns: codes, what is held of them in memory, and what the copy of their file is for.
Does not own: tokens (`tokens`), the form of file and copy (`code_file`), what a request for a code is
answered (`tracker.redirect.redirector`), what monitoring is told (`tracker.records.health`).

The file beside the store holds one link a line, the code and its token, and is only ever appended to.
It does not depend on the database (P8), and a token in it is as hard to forge or to read as one in
mail. But while a tracked link of mail carries all it needs, a short link is lost with its line. So a
code once read stays known until the process ends, whatever becomes of the file, and the tracker keeps
a copy of all of them. Unlike a `tracker.records.record_file`, they have no order and none is ever taken back, and there
may be millions: nothing of file or copy is written twice, or read twice while it only grows.
"""

import contextlib
import re
import secrets
import string
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Self

from config.telemetry import observe
from tracker.minting.code_file import CodeFile, News, settle
from tracker.records.health import FileHealth

PATH = "/s/"
"""What stands between the base URL and a code."""
CODE_CHARACTERS = 7
"""There are 3.5e12 of them: with a million in use, one guess in 3.5 million finds one."""
ALPHABET = string.ascii_letters + string.digits

_IN_URL = re.compile(rf"{PATH}([A-Za-z0-9]{{1,7}})\Z")


class ShortLinks:
    """The codes of one store. Safe to use from any thread; about 350 octets of memory each."""

    def __init__(self, store: Path) -> None:
        self._file, self._copy = CodeFile(file_of(store)), CodeFile(copy_of(store))
        self._condition = FileHealth(observe.SHORT_LINKS, self._file.path, self._copy.path)
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, store: Path) -> Self:
        """Read file and copy, nothing where there is none; raises OSError."""
        links = cls(store)
        links._look(links._copy)
        links._look(links._file)
        return links

    def token(self, code: str) -> str | None:
        """Give the token that a code stands for."""
        return self._tokens.get(code)

    def refresh(self) -> None:
        """Read what was added to file and copy, and add to the copy what it lacks.

        The copy goes first: what is there has been in the file before, and is not lost.
        """
        with self._lock:
            with contextlib.suppress(OSError):  # told by `_keep`, which tries it as well
                self._look(self._copy)
            self._condition.tried("file", partial(self._look, self._file))
            if self._copy.lacking or self._copy.trouble is not None:
                self._condition.tried("copy", self._keep)
            self._condition.tell(len(self._file.lacking), self._file.damaged)

    def add(self, token: str) -> str:
        """Give a new code for a token, once it is durable; raises OSError."""
        made: dict[str, str] = {}

        def choose(news: News) -> dict[str, str]:
            self._learn(self._file, news)
            made[self._unused()] = token
            return made

        with self._lock:
            self._file.extend(choose)
            self._tokens |= made
            self._copy.lacking |= made.keys()
        (code,) = made
        return code

    def _unused(self) -> str:
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
            if code not in self._tokens:
                return code

    def _look(self, source: CodeFile) -> None:
        self._learn(source, source.look())

    def _keep(self) -> None:
        def choose(news: News) -> dict[str, str]:
            self._learn(self._copy, news)
            return {code: self._tokens[code] for code in self._copy.lacking}

        self._copy.extend(choose)

    def _learn(self, source: CodeFile, news: News) -> None:
        """Take in what one of the two says, and note what each of them lacks."""
        other = self._copy if source is self._file else self._file
        unlike, tokens = _unlike(news.links, self._tokens), self._tokens
        other.lacking |= {code for code in unlike if settle(tokens, code, news.links[code])}
        if news.whole:
            source.lacking = _unlike(tokens, news.links)
        else:
            source.lacking -= news.links.keys() - _unlike(news.links, tokens)


def _unlike(some: Mapping[str, str], others: Mapping[str, str]) -> set[str]:
    """Give the codes that do not stand for the same among the others."""
    if some == others:  # mostly; this takes a tenth of the time
        return set()
    return {code for code, token in some.items() if others.get(code) != token}


def code_in(url: str) -> str | None:
    """Give the code in a short link, whatever host or prefix it has; None where it is none."""
    path = url.strip().partition("?")[0].partition("#")[0]
    found = _IN_URL.search(path)
    return found and found[1]


def file_of(store: Path) -> Path:
    """Give the file of the store at `store`."""
    return store.with_name(f"{store.name}.shortlinks")


def copy_of(store: Path) -> Path:
    """Give the tracker's copy of all links that it ever read there."""
    return store.with_name(f"{store.name}.shortlinks.known")
