"""Where a value came from: the file's line, a variable, or the schema."""

import pytest

from config.loading.environment import Setting
from config.loading.lines import Loc, key_lines
from config.loading.sources import Place, Sources

FILE = """\
[relay]
host = "mx.example.com"
[[sender]]
domain = "example.com"
[tracking]
untracked_hosts = [
  "a.example.com",
]
"""
SETTINGS = [
    Setting("WAYPOST_RELAY__PORT", ("relay", 0, "port"), 25),
    Setting("WAYPOST_SENDER__1__SIGN", ("sender", 1, "sign"), "never"),
    Setting("WAYPOST_TRACKING__UNTRACKED_HOSTS", ("tracking", "untracked_hosts"), []),
]
SOURCES = Sources(lambda: key_lines(FILE), SETTINGS, frozenset({"relay"}))


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        (("relay", 0, "host"), Place(line=2)),
        (("relay", 0, "port"), Place(variable="WAYPOST_RELAY__PORT")),
        (("relay", 0, "tls"), Place()),
        (("sender", 0, "domain"), Place(line=4)),
        (("sender", 0, "sign"), Place()),
        (("sender", 1, "sign"), Place(variable="WAYPOST_SENDER__1__SIGN")),
        (("tracking", "untracked_hosts", 0), Place(variable="WAYPOST_TRACKING__UNTRACKED_HOSTS")),
    ],
)
def test_a_value_came_from_where_it_was_set(loc: Loc, place: Place) -> None:
    """A variable takes the place of the file's line; what neither has is a default."""
    assert SOURCES.of(loc) == place


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        (("relay", 0, "tls"), Place(line=1)),
        (("sender", 0, "sign"), Place(line=3)),
        (("sender", 1, "domain"), Place(variable="WAYPOST_SENDER__1__SIGN")),
        (("tracking", "untracked_hosts", 0), Place(variable="WAYPOST_TRACKING__UNTRACKED_HOSTS")),
        (("keys", "file"), Place()),
    ],
)
def test_what_is_missing_has_the_nearest_place(loc: Loc, place: Place) -> None:
    """The table that lacks it, or the variable that made the table."""
    assert SOURCES.nearest(loc) == place
