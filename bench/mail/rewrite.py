"""CPU to find the links of a message and replace them: ours against the usual way.

The usual way is what most senders do: `email` for the message, BeautifulSoup for the HTML, write
both out again. Each step gets a message that nobody has seen before, and all take turns: the ratio says more than the
times.

    python -m bench.mail.rewrite
"""

import email
import email.policy
import statistics
import time
from collections.abc import Callable

from bs4 import BeautifulSoup

from bench.support.mail import Author
from bench.support.table import Row, Section, Target, text
from proxy.message.editing import parse
from proxy.policy import Policy
from proxy.rewrite.planner import plan

ROUNDS = 11
SIZES = ((5_000, 6), (102_000, 80), (102_000, 250))
JUDGED_OCTETS, JUDGED_LINKS = 102_000, 80
TARGET = Target(20, "x")
ENCODINGS = ("8bit", "quoted-printable")
TRACKED = "https://click.example.com/c/" + "x" * 110
POLICY = Policy()

Step = Callable[[bytes], object]
"""What is done with a message."""

STEPS = ("parse", "parse and plan", "ours", "BeautifulSoup")


def usual(message: bytes) -> bytes:
    """Parse, change, write out again."""
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    part = parsed.get_body(("html",))
    assert part is not None
    soup = BeautifulSoup(part.get_content(), "html.parser")
    for anchor in soup.find_all("a", href=True):
        anchor["href"] = TRACKED
    part.set_content(str(soup), subtype="html")
    return parsed.as_bytes()


def ours(message: bytes) -> bytes:
    """Plan and render."""
    return plan(message, POLICY).render(lambda _: TRACKED)


def cpu_ms(work: Step, message: bytes) -> float:
    """Return the CPU milliseconds of one call."""
    begun_s = time.process_time()
    work(message)
    return (time.process_time() - begun_s) * 1e3


def encoded(message: bytes, encoding: str) -> bytes:
    """Return the message with its HTML in another transfer encoding."""
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    part = parsed.get_body(("html",))
    assert part is not None
    part.set_content(part.get_content(), subtype="html", cte=encoding)
    return parsed.as_bytes()


def measure(octets: int, links: int, encoding: str) -> dict[str, float]:
    """Return the median milliseconds of each step, over messages that differ."""
    author, rounds = Author(int(time.time())), []
    steps: tuple[Step, ...] = (parse, lambda message: plan(message, POLICY), ours, usual)
    for _ in range(ROUNDS):
        messages = [
            encoded(mail.content, encoding)
            for mail in author.newsletters(len(steps), octets, links)
        ]
        rounds.append(list(map(cpu_ms, steps, messages)))
    medians = map(statistics.median, zip(*rounds, strict=True))
    return dict(zip(STEPS, medians, strict=True))


def section() -> Section:
    """Measure all sizes and encodings."""
    rows, raw = [], {}
    for octets, links in SIZES:
        for encoding in ENCODINGS:
            took = measure(octets, links, encoding)
            ratio = took["BeautifulSoup"] / took["ours"]
            judged = (octets, links) == (JUDGED_OCTETS, JUDGED_LINKS)
            what = f"{octets // 1000} KB, {links} links, {encoding}"
            steps = f"parse {took['parse']:.2f}, plan {took['parse and plan']:.2f}"
            rows.append(
                Row(
                    what,
                    f"{took['ours']:.2f} ms ({steps})",
                    f"BeautifulSoup {ratio:.1f} x",
                    TARGET if judged else None,
                    ratio,
                )
            )
            raw[what] = took
    return Section("Rewriting, CPU a message", rows, raw)


if __name__ == "__main__":
    print(text([section()]))
