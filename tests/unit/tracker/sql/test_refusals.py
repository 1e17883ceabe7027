"""Why a server refuses a connection, by what it says; what a real one says is tried in `tests/unit/tracker/nodes`."""

import pytest

from tracker.sql.refusals import code_of


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('FATAL:  password authentication failed for user "waypost"', "28P01"),
        ("fe_sendauth: no password supplied", "28P01"),
        ('FATAL:  role "waypost" does not exist', "28000"),
        ('FATAL:  no pg_hba.conf entry for host "192.0.2.1", user "w", database "w"', "28000"),
        ('FATAL:  Peer authentication failed for user "waypost"', "28000"),
        ('FATAL:  database "waypost" does not exist', "3D000"),
        ('FATAL:  permission denied for database "waypost"', "42501"),
        ("FATAL:  sorry, too many clients already", "53300"),
        ("FATAL:  the database system is starting up", "57P03"),
        ('connection to server at "192.0.2.1", port 5432 failed: Connection refused', ""),
        ('FATAL:  Rolle "waypost" existiert nicht', ""),
    ],
)
def test_words_have_a_code(said: str, code: str) -> None:
    """Where they are known; of a server that is away, there is none."""
    assert code_of(said) == code


def test_of_several_servers_what_one_refuses_counts() -> None:
    """The others may be away."""
    assert code_of('a: Connection refused\nb: FATAL:  database "w" does not exist') == "3D000"
