"""What a machine drew is told from what somebody thought of."""

import random
import string

import pytest

from tests.support.checks.growth import is_linear
from tracker.urls.secrets.randomness import is_code, is_random, noise


@pytest.mark.parametrize(
    "text",
    [
        "8f14e45fceea167a5a36dedd4bea2543",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "kq8Zb4nTq5Jr0w6VgC9sYg",
        "CfDJ8KmqAAABbCcDdEeFf0123456789",
        "pw-0f3a9c1b2d4e5f60718293a4",
        "12_3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "aBcDeFgHiJkLmNoPqRsTuVwX",
    ],
)
def test_random_text_is_recognised(text):
    """Whatever letters it is drawn from."""
    assert is_random(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reset-your-password",
        "ResetPasswordComplete",
        "1234567890123456789",
        "2026-01-15",
        "Release-notes-8f14e45fceea167a5a36dedd4bea2543",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "hello_wide_world_8f14e45fceea167a5a36dedd4bea2543",
        "v2.31.0",
        "annual-report-2026.pdf",
    ],
)
def test_words_titles_and_numbers_are_not(text):
    """Somebody thought of them, or everybody knows them."""
    assert noise(text) == 0


@pytest.mark.parametrize(
    "text", ["oauth2", "saml20", "SAVE20", "JANUARY26", "2026update", "WELCOME100", "20off"]
)
def test_a_word_with_a_short_number_is_no_code(text):
    """Coupons and standards are called so."""
    assert not is_code(text)


@pytest.mark.parametrize("text", ["abc123", "abc123def", "Q8X2Z7A1", "5toehpuu", "yS7Jq2"])
def test_a_code_is_recognised(text):
    """It may be a secret where something says what for."""
    assert is_code(text)
    assert not is_random(text)


@pytest.mark.parametrize(
    "alphabet", ["0123456789abcdef", string.ascii_letters + string.digits + "-_"]
)
def test_nearly_all_that_is_drawn_is_found(alphabet):
    """Of a thousand texts of 24 characters."""
    draw = random.Random(24)
    texts = ["".join(draw.choices(alphabet, k=24)) for _ in range(1_000)]
    assert sum(map(is_random, texts)) >= 990


@pytest.mark.parametrize("piece", ["a", "aB", "1a", "a-", "aA1-"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a text repeats; of very long ones the beginning counts."""
    assert is_linear(lambda octets: noise(piece * octets), 20_000)
