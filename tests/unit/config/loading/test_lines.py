"""On which line of a TOML file each key stands."""

import tomllib

import pytest

from config.loading.lines import key_lines
from config.loading.sources import Sources
from config.reference.manual import example_file

ODD = """\
# every way to write a key
top.dotted = 1
"quoted key".'literal' = 2

[table]  # a comment
array = [
  "one",  # line 7
  # a comment
  [2, 3],
]
inline = { a = 1, b = { c = [ { d = 1 } ] } }

[[ item ]]
name = "first"
[[item.part]]
x = 1
[[ item . part ]]
x = 2
[item.extra]
y = '''
[not.a.table]
'''
z = 3

[[item]]
name = "second"
[[item.part]]
x = 3
"""


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        (("top", "dotted"), 2),
        (("quoted key", "literal"), 3),
        (("table",), 5),
        (("table", "array"), 6),
        (("table", "array", 0), 7),
        (("table", "array", 1), 9),
        (("table", "array", 1, 1), 9),
        (("table", "inline", "b", "c", 0, "d"), 11),
        (("item", 0), 13),
        (("item", 0, "part", 1, "x"), 18),
        (("item", 0, "extra", "z"), 23),
        (("item", 1, "name"), 26),
        (("item", 1, "part", 0, "x"), 28),
        (("item", 1, "part", 0, "missing"), 27),
        (("item", 1, "missing"), 25),
        (("nowhere",), None),
    ],
)
def test_each_key_has_its_line(loc: tuple[str | int, ...], line: int | None) -> None:
    """What is missing has the line of what it is missing from."""
    assert Sources(lambda: key_lines(ODD), (), frozenset()).nearest(loc).line == line


def test_every_value_of_a_real_file_has_a_line() -> None:
    """No key that tomllib reads is unknown to the walk over the tree."""
    text = example_file({"sender": {"domain": '"example.com"'}, "proxy": {"listen": "[]"}})
    text = text.replace("#[[", "[[").replace("\n#", "\n").replace("\n ", "\n# ")
    lines = key_lines(text)

    def missing(value: object, loc: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
        items = (
            value.items()
            if isinstance(value, dict)
            else enumerate(value)
            if isinstance(value, list)
            else ()
        )
        found = [loc] if loc and loc not in lines else []
        return found + [hit for key, item in items for hit in missing(item, (*loc, key))]

    assert missing(tomllib.loads(text), ()) == []
