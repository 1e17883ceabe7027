"""`waypost keys`: every command about keys is in it."""

from tests.support.commands import run


def test_each_command_is_listed_with_what_it_does() -> None:
    """In the order of their names."""
    said = run("keys", "--help").partition("Commands:\n")[2]
    names = [
        line.split()[0] for line in said.splitlines() if line.startswith("  ") and line[2] != " "
    ]
    assert names == ["certificate", "dkim", "init", "list", "revoke", "rotate", "rotate-dkim"]
