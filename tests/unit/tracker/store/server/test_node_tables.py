"""The tables by which nodes know of each other."""

from tests.support.postgresql import cluster


def test_a_server_has_them() -> None:
    """Empty, as nobody has said anything yet."""
    with cluster().lent_store() as db:
        for table in ("nodes", "shared_log", "tasks"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
