"""Load on two nodes behind HAProxy: applications and readers that try again until they are served.

Owns: what they asked for, what was answered, what an attempt failed by, and what of it was counted.
Does not own: what becomes of the nodes meanwhile (`tests/e2e/operations/test_two_nodes_killed.py`).
"""

import contextlib
import itertools
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.support.pair import WITHIN_S, Pair, message
from tests.support.readers.links import Links
from tests.support.stack import Mailbox
from tests.support.waiting import until

READERS, SENDERS = 4, 2
PAUSE_S = 0.02
CAMPAIGN = "load"
SHOP = "https://shop.test/"
"""Where all links of readers lead."""


class Refused(Exception):
    """An answer that no retry mends; the text is what it was."""


@dataclass
class Load:
    """What was asked for, and what came of it; `answered` and `acknowledged` grow in their order."""

    pair: Pair
    asked: set[str] = field(default_factory=set)
    answered: list[str] = field(default_factory=list)
    """Destinations of clicks that were redirected."""
    acknowledged: list[str] = field(default_factory=list)
    """Keys of messages that the client heard 250 for."""
    failures: list[str] = field(default_factory=list)
    """What attempts failed by that were tried again."""
    refused: list[str] = field(default_factory=list)
    """What was given up: there must be nothing."""
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    stop: threading.Event = field(default_factory=threading.Event)

    def wait_for_more(self, count: int = 20) -> None:
        """Wait until so many more clicks were answered, and half as many messages acknowledged."""
        clicks, messages = len(self.answered) + count, len(self.acknowledged) + count // 2
        until(
            lambda: (
                bool(self.refused)
                or (len(self.answered) >= clicks and len(self.acknowledged) >= messages)
            ),
            WITHIN_S,
        )
        assert self.refused == []

    def read(self) -> None:
        """Click one link after the other, each of which leads elsewhere, until told to stop."""
        minted = Links(self.pair.nodes["a"].stack)
        while not self.stop.wait(PAUSE_S):
            url = f"{SHOP}{next(self.numbers)}"
            self.asked.add(url)
            path = minted.path(url)
            if self._persist(lambda path=path, url=url: self._click(path, url)):
                self.answered.append(url)

    def send(self) -> None:
        """Send one message after the other until told to stop."""
        while not self.stop.wait(PAUSE_S):
            key = f"k{next(self.numbers)}"
            if self._persist(lambda key=key: self._submit(key)):
                self.acknowledged.append(key)

    def _persist(self, attempt: Callable[[], None]) -> bool:
        """Try until it is done; return whether it was."""
        end_s = time.monotonic() + WITHIN_S
        while time.monotonic() < end_s:
            try:
                attempt()
            except Refused as error:
                self.refused.append(str(error))
                return False
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                time.sleep(PAUSE_S)
            else:
                return True
        self.refused.append(f"not within {WITHIN_S:g} s: {self.failures[-1]}")
        return False

    def _click(self, path: str, url: str) -> None:
        status, location = self.pair.ask(path)
        if status >= 500:
            raise OSError(f"click: {status}")
        if (status, location) != (302, url):
            raise Refused(f"click: {status} {location}")

    def _submit(self, key: str) -> None:
        content = message(CAMPAIGN, key=key)
        client = self.pair.client()
        try:
            client.sendmail("bounces@example.com", [f"{key}@example.net"], content)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, text),) = error.recipients.values()
            _mended_by_a_retry(code, text)
        except smtplib.SMTPResponseException as error:
            _mended_by_a_retry(error.smtp_code, error.smtp_error)
        finally:
            client.close()


def _mended_by_a_retry(code: int, text: object) -> None:
    """Raise OSError where a client tries again, else Refused."""
    # smtplib has -1 for a reply that it could not read.
    raise Refused(f"{code} {text!r}") if code >= 500 else OSError(f"{code} {text!r}")


@contextlib.contextmanager
def under_load(pair: Pair) -> Iterator[Load]:
    """Have applications send and readers click until the block ends; what they began is finished."""
    load = Load(pair)
    threads = [threading.Thread(target=load.read) for _ in range(READERS)]
    threads += [threading.Thread(target=load.send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        load.wait_for_more()
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


def counted(pair: Pair) -> Counter[str]:
    """Return how often a click of readers that led to each destination was counted."""
    counted = Links(pair.nodes["a"].stack).counted()
    return Counter(each for each in counted if each.startswith(SHOP))


def relayed(mailbox: Mailbox) -> Counter[str]:
    """Return how often the relay took the message of each key."""
    return Counter(each.rcpt_tos[0].partition("@")[0] for each in mailbox.received)


def deliveries(pair: Pair) -> int:
    """Return how many deliveries both nodes report."""
    return sum(
        each["deliveries"] for each in pair.report()["campaigns"] if each["campaign"] == CAMPAIGN
    )


def assert_exact(load: Load, mailbox: Mailbox) -> None:
    """Wait until every click and message is counted once; nothing else may be."""
    assert load.refused == []
    assert relayed(mailbox) == Counter(load.acknowledged)
    until(lambda: counted(load.pair).total() >= len(load.answered), WITHIN_S)
    assert counted(load.pair) == Counter(load.answered)
    until(lambda: deliveries(load.pair) >= len(load.acknowledged), WITHIN_S)
    assert deliveries(load.pair) == len(load.acknowledged)
