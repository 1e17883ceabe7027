"""`waypost.toml` into a Config, or every problem of it at once.

Owns: finding the file, reading it, and telling each problem as `file:line: key: what (hint)`.
Does not own: what a key means (`config.schema`).
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.schema import Config

PLACES = (Path("waypost.toml"), Path("/etc/waypost/waypost.toml"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration, and what would be right."""

    file: Path
    line: int | None
    key: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Write `file:line: key: what (hint)`."""
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.what}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` are all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def find(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Give the file to load: `path`, else $WAYPOST_CONFIG, else the first of PLACES that exists."""
    if path is not None:
        return path
    if named := environ.get("WAYPOST_CONFIG"):
        return Path(named)
    return next((place for place in PLACES if place.exists()), None)


def load(path: Path) -> Config:
    """Read the configuration at `path`; raises ConfigError."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Config.model_validate(data, context={"folder": path.absolute().parent})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError((Problem(path, None, "", str(error)),)) from None
    except ValidationError as error:
        raise ConfigError(
            tuple(
                Problem(path, None, ".".join(map(str, item["loc"])), item["msg"])
                for item in error.errors()
            )
        ) from None
