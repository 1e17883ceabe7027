"""Part of a list, and where the next one begins."""

from tracker.reports.lists.part import Part, cut


def test_a_part_goes_on_behind_its_last_row_where_there_is_one_more() -> None:
    """Else it is the last."""
    assert cut([1, 5, 7], 2) == Part([1, 5], 5)
    assert cut([1, 5], 2) == Part([1, 5], None)
    assert cut([], 2) == Part([], None)


def test_a_part_that_was_not_looked_to_the_end_goes_on_there() -> None:
    """Even if it has no rows."""
    assert cut([1], 2, looked_to=9) == Part([1], 9)
    assert cut([1, 5, 7], 2, looked_to=9) == Part([1, 5], 5)
    assert cut([], 2, looked_to=9) == Part([], 9)
