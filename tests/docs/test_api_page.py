"""`docs/api.md` lists what the API does, as it is declared."""

from tests.support import api_page


def test_the_table_of_operations_is_as_declared() -> None:
    """`make docs` writes it."""
    assert api_page.PAGE.read_text() == api_page.written()


def test_every_operation_is_in_the_table() -> None:
    """So the test above means something."""
    assert all(f"{each.path}`" in api_page.table() for each in api_page.operations())
