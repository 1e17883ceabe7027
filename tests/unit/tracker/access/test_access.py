"""Scopes, and what each of them allows."""

import pytest

from tracker.access.access import EVERYTHING, FORGETTING, NOTHING, Access, Scope

FIGURES, PERSONS, LINKS = Scope


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ([], set()),
        ([FIGURES], {FIGURES}),
        ([PERSONS], {FIGURES, PERSONS}),
        ([LINKS], {LINKS}),
        ([FIGURES, LINKS], {FIGURES, LINKS}),
        ([PERSONS, LINKS], set(Scope)),
    ],
)
def test_a_scope_allows_what_it_includes(given: list[Scope], allowed: set[Scope]) -> None:
    """Who may see persons may see sums of them; who makes links sees nothing."""
    assert Access.of("crm", *given).scopes == allowed


def test_what_is_missing_is_told() -> None:
    """All of it, in the order in which it was asked for."""
    assert Access.of("crm", LINKS).missing(PERSONS, LINKS, FIGURES) == (PERSONS, FIGURES)


@pytest.mark.parametrize("scope", Scope)
def test_nobody_forgets_persons_by_one_scope(scope: Scope) -> None:
    """It cannot be taken back."""
    assert Access.of("crm", scope).missing(*FORGETTING)


@pytest.mark.parametrize("scope", Scope)
def test_everything_and_nothing_are_just_that(scope: Scope) -> None:
    """For each scope there is."""
    assert not EVERYTHING.missing(scope)
    assert NOTHING.missing(scope) == (scope,)
