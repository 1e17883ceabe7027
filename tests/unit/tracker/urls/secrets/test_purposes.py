"""What a link is for is read from its words, however they are put together."""

import pytest

from tracker.urls.secrets.purposes import Purpose, is_public, is_purpose_alone, purpose, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resetPassword", ["reset", "password"]),
        ("registration.activate", ["registration", "activate"]),
        ("Special:ConfirmEmail", ["special", "confirm", "email"]),
        ("SSOLogin", ["sso", "login"]),
        ("", []),
    ],
)
def test_words_end_at_case_and_at_marks(text, found):
    """As programmers put them together."""
    assert words(text) == found


@pytest.mark.parametrize(
    "text",
    ["createPassword", "lost_password", "one-time", "magic-link", "Special:ConfirmEmail", "passwort-vergessen",
     "activate_via_email", "motdepasse", "signupinvite", "verify.php", "opt-in"],
)  # fmt: skip
def test_what_opens_an_account_is_a_strong_purpose(text):
    """In the languages that most mail is in."""
    assert purpose(text) is Purpose.STRONG


@pytest.mark.parametrize(
    "text", ["login", "sign-in", "log_in", "register", "setupAccount", "downloads"]
)
def test_what_everybody_may_do_is_a_weak_one(text):
    """More has to be seen beside it."""
    assert purpose(text) is Purpose.WEAK


def test_what_everybody_has_is_a_hint():
    """It says something of a parameter alone."""
    assert purpose("orders") is Purpose.HINT
    assert Purpose.NONE < Purpose.HINT < Purpose.WEAK < Purpose.STRONG


@pytest.mark.parametrize(
    "text", ["", "blog", "authors", "catalog-index", "preset", "blog-in-berlin", "products"]
)
def test_other_words_are_none(text):
    """Even where they hold one."""
    assert purpose(text) is Purpose.NONE


def test_a_purpose_may_stand_alone_or_in_a_title():
    """An article has other words as well."""
    assert is_purpose_alone("forgot-password")
    assert is_purpose_alone("verify.php")
    assert not is_purpose_alone("reset-your-body-plan")
    assert not is_purpose_alone("")


def test_what_is_public_is_known():
    """A commit's name is as random as a key."""
    assert is_public("Commit")
    assert not is_public("confirm")
