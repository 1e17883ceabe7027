"""The admin password as it is kept: a hash, or itself."""

from pathlib import Path

import pytest

from config.keys import password_hash
from config.keys.secret_files import KeyFileError

PASSWORD = "horse:staple ü".encode()
BY_ARGON2 = (
    b"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)
"""Of "password": a test vector of the reference implementation (phc-winner-argon2, test.c)."""


def made() -> bytes:
    """Return a hash of PASSWORD."""
    return password_hash.make(PASSWORD).encode()


def test_only_the_password_fits_its_hash() -> None:
    """And none that is like it."""
    kept = made()
    assert password_hash.matches(PASSWORD, kept)
    for wrong in (b"", PASSWORD[:-1], PASSWORD + b" ", kept):
        assert not password_hash.matches(wrong, kept)


def test_no_two_hashes_are_alike() -> None:
    """Each has a salt of its own, and nobody sees who has the same password."""
    assert made() != made()


@pytest.mark.parametrize("kept", [b"horse", b"$ecret", b"$", b"$argon", b"argon2id$"])
def test_a_password_may_be_kept_as_it_is(kept: bytes) -> None:
    """Also one that begins as hashes do."""
    assert password_hash.problem(kept) is None
    assert not password_hash.is_hash(kept)
    assert password_hash.matches(kept, kept)
    assert not password_hash.matches(kept + b"x", kept)


@pytest.mark.parametrize(
    "kept",
    [
        b"$2y$10$abcdefghijklmnopqrstuv",
        b"$6$salt$hash",
        b"$apr1$salt$hash",
        b"$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ],
)
def test_hashes_of_other_kinds_are_no_passwords(kept: bytes) -> None:
    """Else whoever stole the file could log in with what it holds."""
    assert password_hash.problem(kept) == "holds a hash of a kind that is not read here"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ((b"", b""), None),
        ((b"m=65536", b"m=1048577"), "takes too much memory or time"),
        ((b"t=2", b"t=65"), "takes too much memory or time"),
        ((b"p=1", b"p=65"), "takes too much memory or time"),
        ((b"m=65536", b"m=7"), "cannot be used: memory_cost"),
        ((b"t=2", b"t=0"), "cannot be used: iterations"),
        ((b"c29tZXNhbHQ", b"c29tZXNhbHR"), "cannot be used: its base64 is not canonical"),
        ((b"v=19", b"v=16"), "is cut off or damaged"),
        ((b"b2GRPPc", b"b2GRPPc\nx"), "is cut off or damaged"),
        ((b"$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", b""), "is cut off or damaged"),
    ],
)
def test_a_hash_is_looked_at_before_it_is_used(
    change: tuple[bytes, bytes], what: str | None
) -> None:
    """What cannot be used, or would kill the service that tries, is told."""
    found = password_hash.problem(BY_ARGON2.replace(*change))
    assert found is None if what is None else what in str(found)


def test_hashes_of_other_programs_fit() -> None:
    """Such as argon2(1), and whatever else writes PHC strings."""
    assert password_hash.matches(b"password", BY_ARGON2)
    assert not password_hash.matches(PASSWORD, BY_ARGON2)


def test_a_file_with_a_bad_hash_is_not_used(tmp_path: Path) -> None:
    """The error names the file, and the cure."""
    path = tmp_path / "password"
    path.write_bytes(b"$argon2id$")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"password holds an Argon2id .*`waypost password`"):
        password_hash.read_admin_password(path)
    path.write_bytes(made() + b"\n")
    assert password_hash.matches(PASSWORD, password_hash.read_admin_password(path))
