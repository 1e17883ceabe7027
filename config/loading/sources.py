"""Where each value came from: the line of the file, a variable of the environment, or the schema.

Owns: the nearest place to name for a value, also for one that is missing or wrong.
Does not own: on which line a key stands (`lines`), or which variable is which key (`environment`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from config.loading.environment import Setting
from config.loading.lines import Loc


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the file, counted from 1, or a variable; neither for a default."""

    line: int | None = None
    variable: str | None = None


DEFAULT = Place()


class Sources:
    """The places of all values of one configuration.

    `lines` returns those of the file; it is called once somebody asks for one. `alone` are tables that
    the file has as `[table]`, and whose values are at `(table, 0, …)`.
    """

    def __init__(
        self,
        lines: Callable[[], Mapping[Loc, int]],
        settings: Iterable[Setting],
        alone: frozenset[str],
    ) -> None:
        self._read_lines = lines
        self._variables = {setting.loc: setting.variable for setting in settings}
        self._alone = alone

    @cached_property
    def _lines(self) -> Mapping[Loc, int]:
        return self._read_lines()

    def of(self, loc: Loc) -> Place:
        """Return where the value at `loc` was set: there, or as part of a whole table or array."""
        if variable := self._variable_around(loc):
            return Place(variable=variable)
        return Place(line=self._lines.get(self._in_file(loc)))

    def nearest(self, loc: Loc) -> Place:
        """Return where to look for what is wrong at `loc`, the nearest place around it."""
        if variable := self._variable_around(loc):
            return Place(variable=variable)
        for end in range(len(loc), 0, -1):
            if line := self._lines.get(self._in_file(loc[:end])):
                return Place(line=line)
            if isinstance(loc[end - 1], int) and (variable := self._variable_inside(loc[:end])):
                return Place(variable=variable)
        return DEFAULT

    def _variable_around(self, loc: Loc) -> str | None:
        ends = range(len(loc), 0, -1)
        return next(
            (self._variables[loc[:end]] for end in ends if loc[:end] in self._variables), None
        )

    def _variable_inside(self, element: Loc) -> str | None:
        """Return the variable of a key of an element of an array, which it made."""
        found = (name for at, name in self._variables.items() if at[: len(element)] == element)
        return next(found, None)

    def _in_file(self, loc: Loc) -> Loc:
        return (loc[0], *loc[2:]) if loc[0] in self._alone and loc[1:2] == (0,) else loc
