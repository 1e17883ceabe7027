"""What is wrong among nodes, by what they say."""

from dataclasses import replace

from tracker.nodes.findings import findings
from tracker.store.server.nodes import Node, VitalSigns

SIGNS = VitalSigns("1.0", ("tracker",), 0, 0, 0.0, ("old", "new"), "new")


def node(name: str, silent_s: float | None = 1.0, **said: object) -> Node:
    """Return a node that said this besides what is usual."""
    return Node(name, silent_s, replace(SIGNS, **said))  # type: ignore[arg-type]


def test_nodes_that_agree_are_well() -> None:
    """Nothing is found."""
    assert list(findings([node("a"), node("b", clock_s=1.5)])) == []
    assert list(findings([])) == []


def test_a_silent_node_is_named_with_its_silence() -> None:
    """Or that it never was heard."""
    found = list(findings([node("a", 40.0), Node("b", None, None)]))
    assert found == ["a has not been heard for 40 s", "b has never been heard"]


def test_a_node_that_cannot_read_its_spool_is_named() -> None:
    """Its clicks are missing from all figures."""
    (found,) = findings([node("a"), node("b", unreadable=2)])
    assert found.startswith("b cannot read 2 segments of its spool")


def test_clocks_that_differ_are_named() -> None:
    """From each other, and from the database's; that of a silent node may be right by now."""
    (found,) = findings([node("a", clock_s=1.5), node("b", clock_s=-1.0)])
    assert found.startswith("the clock of a is 2.5 s ahead of that of b")
    (found,) = findings([node("a", clock_s=-3.0)])
    assert found.startswith("the clock of the database is 3.0 s ahead of that of a")
    (found,) = findings([node("a", 99.0, clock_s=99.0), node("b")])
    assert "clock" not in found


def test_a_key_that_makes_links_and_is_missing_elsewhere_is_named() -> None:
    """Links of one node would be dead on the other. One that reads no keys is no matter."""
    lacking = node("b", keys=("old",), mints="old")
    (found,) = findings([node("a"), lacking, node("c", keys=(), mints=None)])
    assert found.startswith("the token key new that makes links on a is missing on b")
