"""What agents claim: Fetch Metadata, and an age."""

import pytest

from tracker.judging.agents import is_stale_desktop, sends_fetch_metadata

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) " + WEBKIT
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + WEBKIT + " Version/{} Safari/605.1.15"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (f"{WINDOWS} {CHROME.format(131)}", True),
        (f"{WINDOWS} {CHROME.format(75)}", False),
        (f"{WINDOWS.replace(')', '; rv:91.0)')} Gecko/20100101 Firefox/91.0", True),
        (f"{WINDOWS.replace(')', '; rv:78.0)')} Gecko/20100101 Firefox/78.0", False),
        (MAC.format("16.4"), True),
        (MAC.format("16.3"), False),
        (IPHONE.format("17_5") + " Version/17.5 Mobile/15E148 Safari/604.1", True),
        (IPHONE.format("16_3") + " Version/16.3 Mobile/15E148 Safari/604.1", False),
        (IPHONE.format("17_5") + " Mobile/15E148 [FBAN/FBIOS]", False),
        ("Mozilla/5.0 (Linux; Android 14; SM-A5; wv) " + CHROME.format(131), False),
        ("Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)", False),
        ("", False),
    ],
)
def test_browsers_that_send_fetch_metadata_are_known(agent: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """By the versions that began with it; views of apps are left out."""
    assert sends_fetch_metadata(agent) is expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)", True),
        (f"{WINDOWS} {CHROME.format(42)} Edge/12.246", True),
        (f"{WINDOWS} {CHROME.format(79)}", True),
        (f"{WINDOWS} {CHROME.format(109)}", False),
        (f"{WINDOWS} Gecko/20100101 Firefox/40.1", True),
        (f"{WINDOWS} Gecko/20100101 Firefox/115.0", False),
        (MAC.format("7.0.3"), True),
        (MAC.format("13.1"), False),
        ("Mozilla/5.0 (Linux; Android 6.0; SM-J3) " + CHROME.format(58), False),
        (IPHONE.format("9_3") + " Version/9.0 Mobile/13E188a Safari/601.1", False),
        ("Lynx/2.9.0", False),
    ],
)
def test_only_desktops_are_stale(agent: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Old telephones are people's; the last versions for old systems are, too."""
    assert is_stale_desktop(agent) is expected
