"""The blocks of code in documents: what people copy into files and shells."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import DOCS, ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
_BLOCK = re.compile(r"^```([a-z]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^[$#] ((?:.*\\\n)*.*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its page, its line there, its language and its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The lines of a shell, without prompts; those that go on are one."""
        return [each.replace("\\\n", " ") for each in _COMMAND.findall(self.text)]


def blocks(language: str) -> list[Block]:
    """Return all blocks in a language, in the order of the pages."""
    return [each for page in PAGES for each in _of(page) if each.language == language]


def _of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, found[1], found[2])


def calls(command: str, program: str = "waypost") -> list[list[str]]:
    """Return the arguments of each call of a program in a line of a shell, less where its output goes."""
    return [
        words[1:]
        for words in _simple_commands(command)
        if words and words[0].rpartition("/")[2] == program
    ]


def _simple_commands(command: str) -> Iterator[list[str]]:
    reading = shlex.shlex(command, posix=True, punctuation_chars=True)
    reading.whitespace_split = True
    words: list[str] = []
    is_file = False
    for word in reading:
        if set(word) <= set("();&|"):
            yield words
            words = []
        elif set(word) <= set("<>"):
            is_file = True
        elif is_file:
            is_file = False
        else:
            words.append(word)
    yield words
