"""waypost.toml(5), the manual page of the configuration.

Owns: its layout.
Does not own: what it says, which stands in the schema (`catalogue` lists it), and the introduction,
which `docs/configuration.md` begins with as well (`manual`).
"""

from config.reference import roff
from config.reference.catalogue import Key, TableEntry, tables
from config.reference.manual import INTRODUCTION, standing

NAME = "waypost.toml"


def settings_page(version: str) -> str:
    """Return the source of waypost.toml(5)."""
    return "".join(
        (
            roff.head(NAME, 5, version),
            roff.heading("NAME"),
            f"{NAME} \\- configuration of Waypost\n",
            roff.heading("DESCRIPTION"),
            roff.paragraphs(INTRODUCTION),
            roff.heading("TABLES AND KEYS"),
            *map(_table, tables()),
            roff.see_also(("waypost", 1), ("waypost-init", 1), ("waypost-check", 1)),
        )
    )


def _table(entry: TableEntry) -> str:
    keys = "".join(_key(entry, key) for key in entry.keys)
    return roff.subheading(entry.header) + roff.paragraphs(entry.description) + keys


def _key(entry: TableEntry, key: Key) -> str:
    facts = f"{key.kind}; {standing(key)}"
    if key.example and key.example != key.default:
        facts += f"; for example `{key.name} = {key.example}`"
    return roff.item(key.name, facts, f"`{entry.variable_of(key.name)}`", key.description)
