"""Which agents are programs."""

import pytest

from tracker.judging.robots import VENDORED, is_robot

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

ROBOTS = [
    "",
    "Mozilla/5.0",
    "curl/8.7.1",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "Java/17.0.9",
    "Dalvik/2.1.0 (Linux; U; Android 13)",
    "MyApp/1 CFNetwork/1490 Darwin/23.0.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (compatible; SomeNewBot/1.0)",
    "Mozilla/5.0 (compatible; Owler (ows.eu/owler))",
]
PEOPLE = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/131.0.0.0",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} OPR/116.0.0.0",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Avast/131.0.0.0",
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_20) {CHROME}",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 8 Build/AP3A.240617.008; wv) {CHROME}",
    f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {CHROME.replace('Chrome', 'SamsungBrowser/27.0 Chrome')}",
    "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
    f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1",
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/480.0;FBDV/iPhone14,5]",
    f"{IPHONE} Mobile/15E148 Instagram 350.0.0",
    f"{IPHONE} GSA/340.3 Mobile/15E148 Safari/604.1",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80; U; en) Presto/2.5.25 Version/10.54",
    "Nokia6120c/3.83; Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
]


@pytest.mark.parametrize("agent", ROBOTS)
def test_programs_are_robots(agent: str) -> None:
    """Crawlers, previews, libraries, filters, and who says nothing."""
    assert is_robot(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_browsers_of_people_are_not(agent: str) -> None:
    """Telephones called Cubot, views of apps and text browsers included."""
    assert not is_robot(agent)


def test_the_list_comes_with_its_licence() -> None:
    """As the MIT licence asks."""
    licence = VENDORED.with_name("LICENSE.crawler-user-agents").read_text()
    assert "Martin Monperrus" in licence
    assert len(VENDORED.read_text().splitlines()) > 1000
