"""`waypost show`: what is in force, and where each value came from.

Owns: how it is printed, as TOML that can be read again and as JSON.
Does not own: reading the configuration (`config.loading.load`), or finding the places
(`config.loading.sources`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from config.cli.listing import print_json
from config.cli.options import UnusableConfig, config_file_option
from config.cli.output import echo
from config.loading.config_file import ConfigFile
from config.loading.lines import Loc
from config.loading.load import examine
from config.loading.sources import Place, Sources
from config.loading.wording import dotted
from config.reference.catalogue import table, to_toml

NAMES: tuple[Loc, ...] = (("proxy", "hostname"), ("store", "node"))


@click.command()
@config_file_option
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(config: ConfigFile, *, changed: bool, as_json: bool) -> None:
    """Print what is in force, and where each value came from: the file, the environment, a default.

    Secrets are in files of their own, not here.
    """
    found = examine(config, files=False)
    if found.config is None:
        raise UnusableConfig(found.problems)
    shown = _Shown(config, found.sources)
    dump = found.config.model_dump(mode="json", exclude_defaults=changed)
    if changed:
        dump = _without_empty(dump)
    if as_json:
        sources = dict(shown.sources((), dump))
        if len(dump.get("relay", ())) == 1:
            (dump["relay"],) = dump["relay"]
        print_json({**dump, "sources": sources})
        return
    echo(f"# In force with {shown.named}")
    for name, value in dump.items():
        echo(*shown.tables((name,), value))


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without the tables in which nothing is left."""
    left = {
        name: _without_empty(value) if isinstance(value, dict) else value
        for name, value in table.items()
    }
    return {name: value for name, value in left.items() if value not in ({}, [{}])}


@dataclass(frozen=True, slots=True)
class _Shown:
    config: ConfigFile
    where: Sources

    @property
    def named(self) -> str:
        """What the configuration was read from."""
        if self.config.path is None or not self.config.variables:
            return str(self.config)
        return f"{self.config} and the environment"

    def tables(self, loc: Loc, value: Any) -> Iterator[str]:  # noqa: ANN401 - a table or an array
        """Yield the lines of a table or an array of tables, each with where it came from."""
        name = dotted(loc)
        several = isinstance(value, list) and (name != "relay" or len(value) > 1)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            here = (*loc, index) if isinstance(value, list) else loc
            below = [key for key in item if table(f"{name}.{key}")]
            yield ""
            yield f"[[{name}]]" if several else f"[{name}]"
            yield from (self._line((*here, key), item[key]) for key in item if key not in below)
            for key in below:
                yield from self.tables((*here, key), item[key])

    def _line(self, loc: Loc, value: object) -> str:
        if value is None:
            return f"# {loc[-1]} is not set"
        return f"{loc[-1]} = {to_toml(value)}  # {self._told(loc, self.where.of(loc))}"

    def _told(self, loc: Loc, place: Place) -> str:
        if place.variable:
            return place.variable
        if place.line and self.config.path:
            return f"{self.config.path.name}:{place.line}"
        return "default: the name of this machine" if loc in NAMES else "default"

    def sources(self, loc: Loc, value: Any) -> Iterator[tuple[str, dict[str, object]]]:  # noqa: ANN401 - any value
        """Yield the place of each key that is set, by its name with the numbers of arrays."""
        if isinstance(value, dict) and (not loc or table(dotted(loc))):
            for key, below in value.items():
                yield from self.sources((*loc, key), below)
        elif isinstance(value, list) and table(dotted(loc)):
            for index, element in enumerate(value):
                yield from self.sources((*loc, index), element)
        elif (place := self.where.of(loc)) != Place():
            yield _numbered(loc), _as_json(place)


def _numbered(loc: Loc) -> str:
    return ".".join(map(str, loc))


def _as_json(place: Place) -> dict[str, object]:
    return {"variable": place.variable} if place.variable else {"line": place.line}
