"""`waypost reclassify` after a change of points, killed again and again: as if it had always been so."""

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

from config.loading.load import load
from tests.support.clients.programs import WAYPOST, waypost
from tests.support.stack import Stack
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.spool.writer import Spool

SENT_S = 1_790_000_000
MESSAGES = 2000
KILLS = 8
LINKS = tuple(SentLink(n, f"https://example.net/{n}", None, f"Link {n}") for n in range(1, 9))
STRICT = "\n[clicks]\nthreshold = 70\npoints = {early = 90, company = 20, no-html = 75}\n"


def events() -> list[Event]:
    """Return messages with the clicks of people and of scanners, in the order in which they come."""
    chance = random.Random(12)
    told: list[Event] = []
    for number in range(MESSAGES):
        message_id, at_s = f"{number:016x}", SENT_S + number
        reader = Recipient(1, f"reader{number % 700}@example.org")
        about = (message_id, at_s, "example.com", f"Campaign {number % 7}")
        told.append(MessagePending(*about, shared=False, recipients=(reader,), links=LINKS))
        told.append(MessageAccepted(message_id, at_s, (1,)))
        told += [click(message_id, at_s, number, n, chance) for n in range(chance.randrange(9))]
    return told


def click(message_id: str, sent_s: int, number: int, n: int, chance: random.Random) -> Clicked:
    """Return a click within minutes of sending."""
    link = LINKS[chance.randrange(8)]
    return Clicked(
        event_id=f"{number:08x}{n:024x}",
        at_s=sent_s + chance.choice([2.0, 2.1, 30.0, 90.0, 290.0, 4000.0]),
        message_id=message_id,
        recipient=1,
        link=link.number,
        sent_at_s=sent_s,
        destination=link.url,
        method=chance.choice(["GET", "GET", "GET", "HEAD"]),
        human=True,
        reasons=(),
        ip=chance.choice(["192.0.2.0", "198.51.100.0"]),
        user_agent=chance.choice(["Browser/1", "Browser/2"]),
        signals=chance.choice([(), (), ("no-html",)]),
    )


def furnished(folder: Path, settings: str = "") -> Path:
    """Return the configuration of a Waypost whose spool holds the events."""
    stack = Stack(folder=folder, relay=25).furnish()
    with stack.config.open("a") as file:
        file.write(settings)
    spool = Spool.open(load(stack.config).store.spool_dir, "proxy")
    for future in [spool.append(event) for event in events()]:
        future.result(20)
    spool.close()
    return stack.config


def answer(*arguments: str | Path) -> Any:
    """Return the JSON that a command prints."""
    done = waypost(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_killed_at_random_and_run_again_it_equals_a_fresh_store(tmp_path: Path) -> None:
    """Labels and all figures; a further time, nothing changes."""
    config, fresh = furnished(tmp_path / "killed"), furnished(tmp_path / "fresh", STRICT)
    before, wanted = (answer("report", "-c", each) for each in (config, fresh))
    assert before["totals"]["clicks"]["human"] > wanted["totals"]["clicks"]["human"] > 0
    with config.open("a") as file:
        file.write(STRICT)
    chance = random.Random(7)
    for _ in range(KILLS):
        process = subprocess.Popen([WAYPOST, "reclassify", "-c", config], stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.5))
        process.kill()
        process.wait()
    answer("reclassify", "-c", config)
    assert answer("report", "-c", config) == wanted
    exported = [waypost("export", "-c", each).stdout for each in (config, fresh)]
    assert exported[0] == exported[1]
    assert answer("reclassify", "-c", config)["changed"] == 0
