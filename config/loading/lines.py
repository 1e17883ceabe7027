"""On which line of a TOML file each key and each element of an array stands.

Owns: the walk over tree-sitter's tree of the file; tomllib, which reads the values, keeps no lines.
Does not own: the values (`load`), which also makes sure beforehand that the file is valid TOML 1.0.
"""

import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tree_sitter

Loc = tuple[str | int, ...]
"""The way to a value: names of keys, and positions in arrays counted from 0."""

_VALUES = frozenset({"array", "inline_table"})


def key_lines(text: str) -> dict[Loc, int]:
    """Return the line, counted from 1, of each table, key and array element of a TOML file."""
    # Loaded where somebody is to be told a line: not for each start.
    import tree_sitter  # noqa: PLC0415 - see above
    import tree_sitter_toml  # noqa: PLC0415 - see above

    walk = _Walk()
    language = tree_sitter.Language(tree_sitter_toml.language())
    tree = tree_sitter.Parser(language).parse(text.encode())
    for node in tree.root_node.named_children:
        if node.type == "pair":
            walk.pair((), node)
        elif node.type in {"table", "table_array_element"}:
            walk.table(node)
    return walk.lines


class _Walk:
    def __init__(self) -> None:
        self.lines: dict[Loc, int] = {}
        self._tables: dict[Loc, int] = {}

    def table(self, node: "tree_sitter.Node") -> None:
        """Record the lines of a `[table]`, or of one element of a `[[table]]`, and of its keys."""
        header, *pairs = (child for child in node.named_children if child.type != "comment")
        loc: Loc = ()
        for name in _names(header):
            loc = self._latest(loc)
            loc = (*loc, name)
            self.lines.setdefault(loc, _line(node))
        if node.type == "table_array_element":
            self._tables[loc] = self._tables.get(loc, 0) + 1
        loc = self._latest(loc)
        self.lines.setdefault(loc, _line(node))
        for pair in pairs:
            self.pair(loc, pair)

    def _latest(self, loc: Loc) -> Loc:
        return (*loc, self._tables[loc] - 1) if loc in self._tables else loc

    def pair(self, loc: Loc, node: "tree_sitter.Node") -> None:
        """Record the lines of a `key = value` and of all that is inside of the value."""
        key, value = (child for child in node.named_children if child.type != "comment")
        for name in _names(key):
            loc = (*loc, name)
            self.lines.setdefault(loc, _line(node))
        self._value(loc, value)

    def _value(self, loc: Loc, node: "tree_sitter.Node") -> None:
        if node.type not in _VALUES:
            return
        children = [child for child in node.named_children if child.type != "comment"]
        for index, child in enumerate(children):
            if child.type == "pair":
                self.pair(loc, child)
            else:
                self.lines[(*loc, index)] = _line(child)
                self._value((*loc, index), child)


def _line(node: "tree_sitter.Node") -> int:
    return node.start_point.row + 1


def _names(key: "tree_sitter.Node") -> Iterator[str]:
    written = (key.text or b"").decode()
    table = tomllib.loads(f"{written} = 0")
    while isinstance(table, dict):
        (name,) = table
        yield name
        table = table[name]
