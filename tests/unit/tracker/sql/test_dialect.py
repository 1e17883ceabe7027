"""Statements as PostgreSQL reads them."""

import pytest

from tracker.sql.dialect import for_postgresql


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("SELECT :name, ?", "SELECT %(name)s, %s"),
        ("SELECT ':no', \"a?b\", '50 %'", "SELECT ':no', \"a?b\", '50 %%'"),
        ("SELECT 'it''s :no' || :yes", "SELECT 'it''s :no' || %(yes)s"),
        ("SELECT 7 % 2 -- or :what?\n, ?", "SELECT 7 %% 2 \n, %s"),
        ("SELECT CAST(:a AS TEXT), b::text", "SELECT CAST(%(a)s AS TEXT), b::text"),
    ],
)
def test_places_of_parameters_are_psycopgs(written: str, read: str) -> None:
    """But for what stands in quotes or in a comment; a percent sign is no place."""
    assert for_postgresql(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("FROM a CROSS JOIN b ON a.x = b.x", "FROM a JOIN b ON a.x = b.x"),
        ("FROM a CROSS JOIN b AS c USING (x)", "FROM a JOIN b AS c USING (x)"),
        ("FROM a CROSS JOIN b c ON 1 = 1", "FROM a JOIN b c ON 1 = 1"),
        (
            "FROM a CROSS JOIN (SELECT max(x) AS x FROM b) AS c ON a.x = c.x",
            "FROM a JOIN (SELECT max(x) AS x FROM b) AS c ON a.x = c.x",
        ),
        ("FROM a CROSS JOIN b INDEXED BY i ON a.x = b.x", "FROM a JOIN b ON a.x = b.x"),
        ("FROM a CROSS JOIN b JOIN c ON 1 = 1", "FROM a CROSS JOIN b JOIN c ON 1 = 1"),
        ("FROM a CROSS JOIN b WHERE a.x > 1", "FROM a CROSS JOIN b WHERE a.x > 1"),
    ],
)
def test_a_join_in_fixed_order_is_a_join(written: str, read: str) -> None:
    """Where it has a condition; a product of tables stays one."""
    assert for_postgresql(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("name = :name COLLATE NOCASE", 'lower(name) = lower(%(name)s COLLATE "C")'),
        ("a.name >= ? COLLATE NOCASE", 'lower(a.name) >= lower(%s COLLATE "C")'),
        ("ORDER BY name COLLATE NOCASE, id", "ORDER BY lower(name), id"),
        (
            "(name COLLATE NOCASE, id) > (:after COLLATE NOCASE, :id)",
            '(lower(name), id) > (lower(%(after)s COLLATE "C"), %(id)s)',
        ),
    ],
)
def test_what_is_compared_whatever_its_case_is_compared_in_lower_case(
    written: str, read: str
) -> None:
    """By an index of that, as SQLite does by one of its collation."""
    assert for_postgresql(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("id IN (:ids)", "id = ANY (%(ids)s)"),
        ("id NOT IN (:ids)", "id <> ALL (%(ids)s)"),
        ("name COLLATE NOCASE IN (:names)", "lower(name) = ANY (%(names)s)"),
        (":one IN (0, id)", "%(one)s IN (0, id)"),
    ],
)
def test_a_list_is_an_array(written: str, read: str) -> None:
    """Which stands alone in its parentheses."""
    assert for_postgresql(written) == read


def test_the_octets_of_a_text_are_counted_by_a_function() -> None:
    """A cast to octets would read backslashes as escapes."""
    assert for_postgresql("length(CAST(name AS BLOB)) > 1") == "octet_length(name) > 1"


def test_a_temporary_table_has_other_types_and_is_emptied_with_its_transaction() -> None:
    """Nothing ever vacuums one of a connection that lasts."""
    written = """
        CREATE TEMP TABLE IF NOT EXISTS wanted (
            sent_s INTEGER, first BLOB, PRIMARY KEY (sent_s, first)
        ) WITHOUT ROWID
    """
    read = for_postgresql(written)
    assert " ".join(read.split()) == (
        "CREATE TEMP TABLE IF NOT EXISTS wanted ( sent_s BIGINT, first BYTEA,"
        " PRIMARY KEY (sent_s, first) ) ON COMMIT DELETE ROWS"
    )
    assert for_postgresql("CREATE TEMP TABLE a AS SELECT 1 LIMIT 0") == (
        "CREATE TEMP TABLE a ON COMMIT DELETE ROWS AS SELECT 1 LIMIT 0"
    )
