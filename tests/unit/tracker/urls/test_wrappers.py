"""Links are read through what mail filters made of them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tracker.urls.wrappers import MAX_WRAPPERS, layers, unwrapped

LINK = "https://t.example.com/c/AQ_-x1"
ENCODED = quote(LINK, safe="")


@pytest.mark.parametrize(
    "url",
    [
        f"https://eur01.safelinks.protection.outlook.com/?url={ENCODED}&data=05%7C02%7C&sdata=x&reserved=0",
        f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={ENCODED}&locale=en",
        f"https://urldefense.proofpoint.com/v1/url?u={ENCODED}&k=x",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__t.example.com_c_AQ-5F-2Dx1&d=DwMFaQ&c=x",
        f"https://urldefense.com/v3/__{LINK}__;!!AbC-1!xyz$",
        "https://urldefense.com/v3/__https:/t.example.com/c/AQ_-x1__;!!AbC!xyz$",
        f"https://linkprotect.cudasvc.com/url?a={ENCODED}&c=E,1,x&typo=1",
        f"https://secure-web.cisco.com/1abcDEF/{ENCODED}",
        f"https://www.google.com/url?q={ENCODED}&sa=D",
        "https://eu.protection.sophos.com/?d=example.com&u=aHR0cHM6Ly90LmV4YW1wbGUuY29tL2MvQVFfLXgx&i=x",
        f"https://url.avanan.click/v2/___{LINK}___.YXAzOmV4",
        f"https://protect2.fireeye.com/url?k=1-2&u={ENCODED}",
        f"https://imsva91-ctp.trendmicro.com/wis/clicktime/v1/query?url={ENCODED}&umid=x",
        f"https://l.facebook.com/l.php?u={ENCODED}&h=x",
        f"https://filter.example.net/check?mode=1&continue={ENCODED}",
    ],
)  # fmt: skip
def test_wrapped_links_are_read(url):
    """As each of the filters writes them."""
    assert unwrapped(url) == LINK


def test_url_defense_keeps_characters_apart():
    """One is `*`; a run of them is `**` and its length."""
    url = "https://urldefense.com/v3/__https://a.test/*x**Ay__;I2Jj!!A!b$"
    assert unwrapped(url) == "https://a.test/#xbcy"


def test_wrappers_may_be_wrapped():
    """Two filters, one after the other; what stands inside is told from outside inwards."""
    inner = f"https://eur01.safelinks.protection.outlook.com/?url={ENCODED}"
    outer = f"https://linkprotect.cudasvc.com/url?a={quote(inner, safe='')}"
    assert list(layers(outer)) == [outer, inner, LINK]
    assert list(layers(LINK)) == [LINK]


@pytest.mark.parametrize(
    "url",
    [LINK, "AQ_-x1", "", "https://protect-eu.mimecast.com/s/AbCdEf?domain=example.com",
     "https://urldefense.com/v3/x", "https://url.avanan.click/x", "mailto:a@example.com"],
)  # fmt: skip
def test_what_is_no_wrapper_that_we_can_read_is_none(url):
    """Nor is what only the filter itself can read."""
    assert unwrapped(url) is None


@given(
    st.text(max_size=80),
    st.sampled_from(
        ["https://urldefense.com/v3/__", "https://urldefense.com/v2/url?u=", "https://a.b/?u=", ""]
    ),
)
def test_whatever_it_is_it_is_read(text, before):
    """Without a fault, and not for ever."""
    assert len(list(layers(before + text))) <= MAX_WRAPPERS + 1


@pytest.mark.parametrize("piece", ["__;", "*", "https:/", "?u=", "%68", "___"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever a URL repeats."""
    start = "https://urldefense.com/v3/__"
    assert is_linear(lambda octets: unwrapped(start + piece * (octets // len(piece))), 18_000)
