"""Replacing a DKIM key while mail goes on: the next selector, its key, and the switch to it.

Owns: how the next key and its file are called, and changing selector and key file in the text of a
configuration, there and nowhere else.
Does not own: making keys (`dkim_keys`), whether a record is published (`dns_answers`), or what the
operator is told (`config.cli.keys.dkim`).

The old key signs until the record of the new one can be seen; the old record stays for as long as mail
that was signed with it may be looked at.
"""

import copy
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.schema import Config, DkimConfig, SenderConfig

OVERLAP_DAYS = 30
"""For so long the old record stays. Mail waits in queues for up to five days (RFC 5321 §4.5.4.1); the rest is
for who looks at a signature again: a program that fetches mail, a forwarder, a mailing list."""

_NUMBERED = re.compile(r"(.*?)([0-9]+)")
_VALUE = r"""("(?:[^"\\]|\\.)*"|'[^']*')"""

Places = Mapping[tuple[str | int, ...], int]
"""The line of each key of a file, as `config.loading.lines` finds it."""


class CannotRotate(Exception):
    """There is no key to replace, or it is not clear which; or the file has to be changed by hand."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A key that is to be replaced, by its places in the configuration, and the one that follows."""

    sender: int
    at: int
    domain: str
    old: DkimConfig
    new: DkimConfig

    @property
    def is_begun(self) -> bool:
        """Whether the new key was made already."""
        return self.new.key_file.exists()


def rotation(config: Config, domain: str | None, selector: str | None) -> Rotation:
    """Return how a key is replaced: that of `domain` and `selector`, or the only one.

    Raises CannotRotate.
    """
    known = [
        (index, at, sender, key)
        for index, sender in enumerate(config.sender)
        for at, key in enumerate(sender.dkim)
    ]
    found = [
        (index, at, sender, key)
        for index, at, sender, key in known
        if domain in {None, sender.domain} and selector in {None, key.selector}
    ]
    listed = ", ".join(f"{sender.domain} {key.selector}" for _, _, sender, key in found or known)
    if not found:
        there = f"there are: {listed}" if known else "there is none at all"
        raise CannotRotate(f"there is no such [[sender.dkim]] in the configuration ({there})")
    if len(found) > 1:
        raise CannotRotate(f"there are several keys: name domain and --selector ({listed})")
    index, at, sender, key = found[0]
    return Rotation(index, at, sender.domain, key, _successor(sender, key))


def _successor(sender: SenderConfig, key: DkimConfig) -> DkimConfig:
    """Return the next key: `waypost1` in `dkim.pem` is followed by `waypost2` in `dkim-waypost2.pem`."""
    taken = {each.selector for each in sender.dkim}
    selector = _next(key.selector)
    while selector in taken:
        selector = _next(selector)
    stem = key.key_file.stem.removesuffix(f"-{key.selector}")
    file = key.key_file.with_name(f"{stem}-{selector}{key.key_file.suffix}")
    return DkimConfig(selector=selector, algorithm=key.algorithm, key_file=file)


def _next(selector: str) -> str:
    numbered = _NUMBERED.fullmatch(selector)
    return f"{numbered[1]}{int(numbered[2]) + 1}" if numbered else f"{selector}2"


def switched(text: str, places: Places, change: Rotation) -> str:
    """Return the text of a configuration with the new key in the place of the old one.

    Raises CannotRotate where anything else would change with it.
    """
    lines = text.split("\n")
    wanted: Any = copy.deepcopy(tomllib.loads(text))
    for name, value in (("selector", change.new.selector), ("key_file", str(change.new.key_file))):
        loc = ("sender", change.sender, "dkim", change.at)
        place = places.get((*loc, name))
        if place is None:
            raise CannotRotate(f"{name} of {change.old.selector} stands in no line of its own")
        pattern = re.compile(rf"(\b{name}\s*=\s*){_VALUE}")
        written = json.dumps(value).replace("\\", "\\\\")
        lines[place - 1] = pattern.sub(rf"\g<1>{written}", lines[place - 1], count=1)
        wanted["sender"][change.sender]["dkim"][change.at][name] = value
    made = "\n".join(lines)
    if not _says(made, wanted):
        raise CannotRotate(f"the lines of {change.old.selector} are written in an unusual way")
    return made


def _says(text: str, wanted: object) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def write_configuration(path: Path, text: str) -> None:
    """Put a text in the place of a configuration, whole; its mode and owner stay. Raises OSError."""
    target = path.resolve()
    found = target.stat()
    unfinished = target.with_name(f".{target.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if os.geteuid() == 0:
            os.fchown(descriptor, found.st_uid, found.st_gid)
        os.fchmod(descriptor, found.st_mode & 0o777)
        file.write(text.encode())
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(target)
