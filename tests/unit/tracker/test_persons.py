"""Who is the same person: three ways to compare names, each for its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.persons import (
    consent_key,
    is_opaque,
    normal_address,
    person_name,
    written_alike,
)

LOCALS = st.text(st.sampled_from("aAbB.+@ "), min_size=1, max_size=6)
DOMAINS = st.text(st.sampled_from("aAzZ.-"), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("address", "person", "name"),
    [
        ("Ann@EXAMPLE.org", None, "Ann@example.org"),
        ('"a@b"@EXAMPLE.org', None, '"a@b"@example.org'),
        ("postmaster", None, "postmaster"),
        ("ann@example.org", "id-7", "id-7"),
    ],
)
def test_person_is_named(address: str, person: str | None, name: str) -> None:
    """By the application's own id, else by the address; local parts differ by case (RFC 5321)."""
    assert person_name(address, person) == name


@given(LOCALS, LOCALS, DOMAINS)
def test_two_mailboxes_are_never_one_person(one: str, other: str, domain: str) -> None:
    """Figures count them apart, though their local parts may differ in a letter's case alone."""
    same = normal_address(f"{one}@{domain}") == normal_address(f"{other}@{domain}")
    assert same == (one == other)


@given(LOCALS, DOMAINS)
def test_one_mailbox_is_one_person(local: str, domain: str) -> None:
    """However its domain is written."""
    assert normal_address(f"{local}@{domain.upper()}") == normal_address(f"{local}@{domain}")


@given(LOCALS, DOMAINS)
def test_no_opt_out_fails_on_how_a_name_is_written(local: str, domain: str) -> None:
    """Neither on capital letters nor on blanks around it."""
    name = f"{local}@{domain}"
    assert consent_key(f" {name.upper()}\t") == consent_key(name)


@given(LOCALS, DOMAINS)
def test_who_asks_to_be_forgotten_is_found_however_they_are_written(
    local: str, domain: str
) -> None:
    """In capital letters or not; blanks are part of a name."""
    name = f"{local}@{domain}"
    assert written_alike(name.upper()) == written_alike(name)
    assert written_alike(f" {name}") != written_alike(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("4711", True), ("ann@example.net", False), ("a@", False), ("", True)]
)
def test_only_what_is_no_address_is_told(name: str, *, expected: bool) -> None:
    """An `@` makes it one."""
    assert is_opaque(name) == expected
