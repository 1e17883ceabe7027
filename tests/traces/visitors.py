"""Who asks for a page, as seen in a request: networks, agents, and the header fields sent with them.

The fields are those that browsers send when somebody follows a link from mail: Fetch Metadata (W3C),
`Accept` and `Accept-Language` as browsers' documentation gives them.
"""

from dataclasses import dataclass, replace
from random import Random

Headers = tuple[tuple[str, str], ...]

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LANGUAGES = ("en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.6", "fr-FR,fr;q=0.8", "es-ES,es;q=0.9", "ja")
CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0{} Safari/537.36{}"
WEBKIT = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko){}"
WINDOWS, MAC, LINUX = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
)


@dataclass(frozen=True)
class Visitor:
    """One browser, or what passes for one, at one address."""

    ip: str
    headers: Headers

    def plus(self, *fields: tuple[str, str]) -> "Visitor":
        """Return the visitor with further header fields."""
        return replace(self, headers=(*self.headers, *fields))

    def at(self, ip: str) -> "Visitor":
        """Return the visitor at another address."""
        return replace(self, ip=ip)


def navigation(rng: Random, agent: str, *, fetch_metadata: bool = True) -> Headers:
    """Return the fields of somebody who follows a link."""
    fields = [("User-Agent", agent), ("Accept", HTML), ("Accept-Language", rng.choice(LANGUAGES))]
    if fetch_metadata:
        fields += [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")]
        fields += [("Sec-Fetch-User", "?1"), ("Sec-Fetch-Dest", "document")]
    return (*fields, ("Accept-Encoding", "gzip, deflate, br"))


def program(agent: str) -> Headers:
    """Return the fields of an HTTP library with this agent."""
    return (("User-Agent", agent), ("Accept", "*/*"), ("Accept-Encoding", "gzip"))


def chrome(rng: Random) -> str:
    """Return the agent of a current Chromium on a desktop; most of them are alike."""
    version = rng.choice([*range(109, 149, 6), *[146, 147, 148] * 8])
    system = rng.choice([WINDOWS] * 6 + [MAC, MAC, LINUX])
    return CHROME.format(system, version, "", rng.choice(["", "", f" Edg/{version}.0.0.0"]))


def desktop(rng: Random) -> Headers:
    """Return the fields of a person's desktop browser."""
    kind = rng.random()
    if kind < 0.7:
        return navigation(rng, chrome(rng))
    if kind < 0.85:
        version = rng.choice([115, 128, 140, 144, 145])
        agent = f"Mozilla/5.0 ({WINDOWS}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        return navigation(rng, agent)
    major, minor = rng.choice([(15, 6), (16, 3), (17, 4), (18, 6), (26, 0)])
    agent = WEBKIT.format(MAC, f" Version/{major}.{minor} Safari/605.1.15")
    return navigation(rng, agent, fetch_metadata=(major, minor) >= (16, 4))


def phone(rng: Random) -> Headers:
    """Return the fields of a telephone's browser."""
    if rng.random() < 0.55:
        major, minor = rng.choice([(16, 7), (17, 6), (18, 5), (18, 6), (18, 7)])
        tail = f" Version/{major}.{minor} Mobile/15E148 Safari/604.1"
        return navigation(rng, WEBKIT.format(_iphone(major, minor), tail))
    model = rng.choice(
        ["K", "Android 14; SM-S918B", "Android 12; CUBOT_X50", "Android 15; Pixel 8"]
    )
    return navigation(rng, CHROME.format(f"Linux; Android 10; {model}", 146, " Mobile", ""))


def old_phone(rng: Random) -> Headers:
    """Return the fields of a telephone that gets no updates any more: no Fetch Metadata."""
    if rng.random() < 0.5:
        major, minor = rng.choice([(12, 5), (13, 7), (14, 8), (15, 8)])
        tail = f" Version/{major}.{minor} Mobile/15E148 Safari/604.1"
        return navigation(rng, WEBKIT.format(_iphone(major, minor), tail), fetch_metadata=False)
    version = rng.randint(43, 75)
    agent = CHROME.format(f"Linux; Android {rng.randint(5, 8)}.0; SM-J320F", version, " Mobile", "")
    return navigation(rng, agent, fetch_metadata=False)


def in_app(rng: Random) -> Headers:
    """Return the fields of a view that an app opens, on iOS or Android."""
    if rng.random() < 0.5:
        app = rng.choice(["", " [FBAN/FBIOS;FBAV/480.0]", " GSA/340.3", " Instagram 350.0"])
        agent = WEBKIT.format(
            _iphone(*rng.choice([(16, 2), (17, 6), (18, 5)])), f" Mobile/15E148{app}"
        )
    else:
        agent = CHROME.format("Linux; Android 14; SM-A546B; wv", 145, " Mobile", "")
        agent = agent.replace("Chrome/", "Version/4.0 Chrome/")
    return navigation(rng, agent, fetch_metadata=rng.random() < 0.7)


def _iphone(major: int, minor: int) -> str:
    return f"iPhone; CPU iPhone OS {major}_{minor} like Mac OS X"


OUTDATED = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    CHROME.format(WINDOWS, 42, "", " Edge/12.246"),
    CHROME.format("Windows NT 6.1; WOW64", 41, "", ""),
    CHROME.format(WINDOWS, 79, "", ""),
    CHROME.format(MAC, 88, "", ""),
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:40.0) Gecko/20100101 Firefox/40.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_3) AppleWebKit/537.75.14 (KHTML, like Gecko) Version/7.0.3 Safari/7046A194A",
)
ROBOTS = (
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    WEBKIT.format(
        MAC, " Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    ),
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
)
LIBRARIES = (
    "python-requests/2.32.3", "Go-http-client/2.0", "curl/8.7.1", "Java/17.0.9", "",
    "okhttp/4.12.0", "axios/1.7.2", "Mozilla/5.0",
    CHROME.format(LINUX, 131, "", "").replace(" Chrome/", " HeadlessChrome/"),
)  # fmt: skip


UNKNOWN = 0.25
"""The share of data centres' addresses that are on no list."""


def address(rng: Random) -> str:
    """Return an address of an access provider's network."""
    if rng.random() < 0.2:
        return (
            f"2a02:{rng.randrange(1, 9999):x}:{rng.randrange(9999):x}::{rng.randrange(1, 9999):x}"
        )
    first = rng.choice([31, 62, 78, 80, 84, 86, 90, 91, 93, 109, 176, 178, 188])
    return f"{first}.{rng.randrange(1, 200)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def cloud(rng: Random) -> str:
    """Return an address of a data centre: a great provider's, or, of four, one of whom nothing is known."""
    if rng.random() < UNKNOWN:
        first, second = rng.choice([(51, 68), (95, 216), (146, 70), (45, 132), (185, 220)])
        return f"{first}.{second}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    first, second = rng.choice([(34, 90), (35, 160), (13, 58), (20, 40), (54, 170), (3, 120)])
    return f"{first}.{second + rng.randrange(8)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def published(rng: Random) -> str:
    """Return an address of Exchange Online Protection or Barracuda."""
    prefix = rng.choice(["40.92", "40.107", "52.101", "104.47"])
    if rng.random() < 0.3:
        return f"209.222.{rng.randrange(80, 88)}.{rng.randrange(1, 255)}"
    return f"{prefix}.{rng.randrange(128)}.{rng.randrange(1, 255)}"


def vendor(rng: Random) -> str:
    """Return an address of Proofpoint or Mimecast, where filters and isolated browsers are."""
    prefix = rng.choice(["67.231.152", "148.163.135", "205.220.177", "205.139.110", "207.211.31"])
    return f"{prefix}.{rng.randrange(1, 255)}"
