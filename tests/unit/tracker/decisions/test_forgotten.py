"""What is left of those who were forgotten, and whom it tells of."""

from tracker.decisions.forgotten import Forgotten, records_of


def test_who_was_forgotten_is_known_by_any_of_their_names_however_written() -> None:
    """Nobody else is, and no record tells a name."""
    records = records_of({"Ann@Example.org", "pers-4711"}, Forgotten())
    known = Forgotten.from_records(records)
    names = ["ann@example.org", "PERS-4711", "bob@example.org"]
    assert known.among(names) == {"ann@example.org", "PERS-4711"}
    assert known.in_force == 2
    assert "ann" not in repr(records).lower()


def test_all_have_one_salt_and_nobody_is_written_down_twice() -> None:
    """Else each name of a store would be hashed for each of them."""
    first = records_of({"ann@example.org"}, Forgotten())
    second = records_of({"bob@example.org", "ANN@example.org"}, Forgotten.from_records(first))
    known = Forgotten.from_records([*first, *second])
    assert (len(second), len(known.salts)) == (1, 1)
    assert known.among(["ann@example.org", "bob@example.org"]) == {
        "ann@example.org",
        "bob@example.org",
    }


def test_who_came_back_is_written_down_again() -> None:
    """It is another time; a database may know of the first alone."""
    first = records_of({"ann@example.org"}, Forgotten())
    (second,) = records_of({"ann@example.org"}, Forgotten.from_records(first), anew=True)
    assert (second.person, second == first[0]) == (first[0].person, False)


def test_a_line_that_somebody_wrote_by_hand_is_nobody() -> None:
    """It has no salt."""
    records = records_of({"ann@example.org"}, Forgotten())
    odd = type(records[0])(records[0].at, "bob@example.org")
    assert Forgotten.from_records([odd]).among(["bob@example.org"]) == set()
