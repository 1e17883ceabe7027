"""A search for messages that hold the event loop for long, though their work is counted and bounded.

Pieces that mean something to the code, a few at random, again and again up to 250 KB: as a page in one
encoding or another, as text, as parts, as a header. Each is prepared as the loop would do it; the
longest are printed, in milliseconds of CPU. What is found belongs into `tests/support/slow_mail.py`.

`python -m bench.stress.slow_search [SECONDS [SEED]]`
"""

import base64
import gc
import quopri
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.support.waypost import configure
from config.loading.load import load
from config.telemetry import observe
from proxy.message import work_budget
from proxy.rewrite.submission import Submission
from proxy.rewrite.transformer import Transformer
from proxy.scheduling.dispatch import MAX_STEPS_IN_LOOP
from tracker.decisions.consents import Consents

SECONDS, SEED = 60.0, 1.0
OCTETS = 250_000
SHOWN = 10
HEAD = (
    b"From: a@example.com\r\nTo: b@example.net\r\nSubject: s\r\nMessage-ID: <1@example.com>\r\n"
    b"Date: Mon, 23 Nov 2026 16:43:22 +0000\r\nMIME-Version: 1.0\r\n"
)
PAGE = b"Content-Type: text/html; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n"
SUBMISSION = Submission(b"a@example.com", (b"b@example.net",), trusted=True)
MARKUP = (
    b"<a href=http://e.x/>|<a |<v:a |<area |</a>|href=|\"|'|http://e.x/|>| |\t|<|</|/>|/|<!--|-->|<!|"
    b"<!--[if mso]>|<![endif]-->|<![CDATA[|]]>|<svg>|</svg>|<math>|<desc>|<font |<style>|</style>|"
    b"<script>|</script>|<title>|<b>|<br>|&amp;|&#65;|&|?|#|=|=\r\n|=3C|\r\n|</body>|<img alt=|\xc3\xa4|\0|"
    b"%25|{{|/reset/|token=abcdef|-|a1b2c3d4e5f6a7b8|\x1b$B|\x1b(B|untracked |class='a b'|a"
).split(b"|")
FIELDS = (
    b'X-A: b\r\n|X-SMTPAPI: |{"a":"b"}|[|"|=?utf-8?q?a?=| |\r\n |\r\n|To: |Cc: |a@b.c|,|<|>|(|)|\\|;|:|'
    b"Content-Type: |text/html|boundary=b|a*0*=|List-Unsubscribe: |<http://e.x/>|\xc3\xa4|DKIM-Signature: |"
    b"d=example.com;|h=from:to;|X-Track-Links: on\r\n|X-PM-Tag: |List-Id: |Content-Disposition: inline;"
).split(b"|")
PARTS = (
    b"--b\r\n|--b--\r\n|--c\r\n|--c--\r\n|\r\n|Content-Type:text/html\r\n|--|--bx\r\n|<a href=http://e.x/>|a:b\r\n| x\r\n|"
    b"Content-Type:multipart/mixed;boundary=c\r\n|Content-Type:message/rfc822\r\n|http://e.x/\r\n|"
    b"Content-Transfer-Encoding:base64\r\n"
).split(b"|")
TEXT = (
    b"http://e.x/|https://|http+notrack://e.x/|<|>|(|)|[|]|.|,|*| | \r\n|\r\n|a|'|\"|=|/|\xc3\xa4|?|&"
).split(b"|")


def repeated(pieces: list[bytes], chance: random.Random) -> bytes:
    """Return a few pieces, some of them many times, again and again."""
    times = [1, 1, 1, 1, 3, 30, 300]
    unit = b"".join(
        chance.choice(pieces) * chance.choice(times) for _ in range(chance.randint(1, 5))
    )
    edges = [b"".join(chance.choices(pieces, k=chance.randint(0, 2))) for _ in range(2)]
    return edges[0] + unit * (OCTETS // len(unit)) + edges[1]


def page(chance: random.Random) -> bytes:
    """Return an HTML document, as it stands or encoded."""
    text = repeated(MARKUP, chance)
    if chance.random() < 0.3:
        text = text.replace(b">", b">\r\n")
    charset = chance.choice([b"utf-8", b"utf-8", b"iso-2022-jp", b"iso-8859-1", b"gbk", b"utf-16"])
    encoding = chance.choice([b"8bit", b"8bit", b"quoted-printable", b"base64"])
    if encoding == b"base64":
        text = base64.encodebytes(text[: OCTETS * 7 // 10]).replace(b"\n", b"\r\n")
    elif encoding == b"quoted-printable" and chance.random() < 0.5:
        text = quopri.encodestring(text)
    return HEAD + PAGE % (charset, encoding) + text


SHAPES: tuple[Callable[[random.Random], bytes], ...] = (
    page,
    page,
    lambda chance: HEAD + b"\r\n" + repeated(TEXT, chance),
    lambda chance: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + repeated(PARTS, chance)
    ),
    lambda chance: HEAD + repeated(FIELDS, chance) + b"\r\n" + PAGE % (b"utf-8", b"8bit"),
)


def held_ms(transformer: Transformer, message: bytes) -> float:
    """Return how long the loop would be held."""
    begun = time.thread_time()
    try:
        with work_budget.limit(MAX_STEPS_IN_LOOP):
            transformer.prepare(message, SUBMISSION, time.time()).shared()
    except work_budget.BudgetExceeded:
        pass
    return (time.thread_time() - begun) * 1e3


def transformer(folder: Path) -> Transformer:
    """Return one that looks at all that it may be told to look at."""
    config = Path(configure(folder, 25, 26)[-1])
    more = 'plain_text = true\nopens = true\nvisible_urls = "skip"\nurl_params = { utm_source = "mail" }\n'
    text = config.read_text().replace("[tracking]\n", "[tracking]\n" + more)
    config.write_text(text.replace("[[sender]]\n", '[[sender]]\nsign = "never"\n'))
    return Transformer.from_config(load(config, files=True), Consents)


def main() -> int:
    """Search for a while and print what was slowest."""
    given = [float(each) for each in sys.argv[1:]]
    seconds, seed = given + [SECONDS, SEED][len(given) :]
    observe.configure("critical", "json")
    chance, found, tried = random.Random(seed), [(0.0, b"")], 0
    with tempfile.TemporaryDirectory() as name:
        works = transformer(Path(name))
        gc.disable()  # else it is the collector's time that is found
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            tried += 1
            message = chance.choice(SHAPES)(chance)[: OCTETS + 1000]
            ms = held_ms(works, message)
            if ms > found[-1][0]:
                ms = min(ms, held_ms(works, message))
            found = sorted([*found, (ms, message)], reverse=True)[:SHOWN]
            if tried % 100 == 0:
                gc.collect()
    print(f"the slowest of {tried} messages, ms of CPU")
    for ms, message in found:
        print(f"  {ms:6.1f}  {message[len(HEAD) : len(HEAD) + 240]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
