"""Values that nobody changes, of which many are made."""

from dataclasses import field, fields, replace

from config.value_objects import value


@value
class Point:
    """A place, and what it is called, which tells no two places apart."""

    x: int
    y: int = 0
    name: str = field(default="", compare=False)


def test_it_is_compared_and_hashed_by_its_fields() -> None:
    """So it may stand in sets and as a key."""
    assert {Point(1, 2, "here"), Point(1, 2, "there")} == {Point(1, 2)}


def test_it_has_slots() -> None:
    """What is no field of it cannot be set."""
    assert not hasattr(Point(1), "__dict__")


def test_it_is_a_dataclass() -> None:
    """Its fields can be listed, and one replaced."""
    assert [each.name for each in fields(Point)] == ["x", "y", "name"]
    assert replace(Point(1, 2), y=3) == Point(1, 3)
