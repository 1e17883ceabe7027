"""Which address fields a relay writes anew, by its profile."""

import pytest

from proxy.signing.address_rewriting import ADDRESS_FIELDS, MAX_READ_OCTETS, rewrites


@pytest.mark.parametrize(
    ("value", "profiles"),
    [
        (b" reader@example.net", set()),
        (b" root", {"default", "sendmail"}),
        (b" Shop, Inc. <shop@example.com>", {"default", "sendmail"}),
        (b" O'Brien <reader@example.net>", {"sendmail"}),
    ],
)
def test_each_profile_has_its_own_reading(value: bytes, profiles: set[str]) -> None:
    """Nothing is rewritten by a relay that takes addresses as they are."""
    found = {
        profile
        for profile in ("default", "sendmail", "verbatim")
        if rewrites(b"to", value, len(value), profile)
    }
    assert found == profiles


def test_other_fields_are_nobodys_addresses() -> None:
    """Servers complete none in a Subject."""
    assert rewrites(b"from", b" root", 5, "default")
    assert b"subject" not in ADDRESS_FIELDS
    assert not rewrites(b"subject", b" root", 5, "default")


def test_an_odd_field_after_very_many_octets_counts_as_rewritten() -> None:
    """An ordinary one does not."""
    odd, ordinary = b" 'a@b.example' <a@b.example>", b" a@b.example"
    assert not rewrites(b"to", odd, len(odd), "default")
    assert rewrites(b"to", odd, MAX_READ_OCTETS + 1, "default")
    assert not rewrites(b"to", ordinary, MAX_READ_OCTETS + 1, "default")
