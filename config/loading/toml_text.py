"""Text in TOML, read with no surprise but one.

Owns: that whatever a text holds is read or raises tomllib.TOMLDecodeError, also what is valid and more
than Python can hold.
Does not own: the words for it (`load`, `environment`), or on which line a key is (`lines`).
"""

import tomllib
from typing import Any

MOST_LEVELS = 32
"""Of tables and arrays inside of each other; settings need five."""


class TooMuch(tomllib.TOMLDecodeError):
    """Valid TOML that no setting needs; `str()` goes on after "the file …"."""


def parse(text: str) -> dict[str, Any]:
    """Return what a text holds; raises tomllib.TOMLDecodeError, TooMuch among it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise TooMuch("is nested too deeply") from None
    except ValueError:
        raise TooMuch("has a number of thousands of digits") from None
    if _levels_beyond(data):
        raise TooMuch("is nested too deeply")
    return data


def _levels_beyond(data: dict[str, Any]) -> bool:
    level: list[Any] = [data]
    for _ in range(MOST_LEVELS):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
    return bool(level)
