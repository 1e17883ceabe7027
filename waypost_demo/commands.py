"""The commands that answer what the page of the demo shows, ready to be pasted into a shell.

Owns: which ones, and how the program and its configuration are written.
Does not own: what they answer (`tracker.cli`), or printing them (`waypost_demo.command`).
"""

import email
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from email import policy
from pathlib import Path

from waypost_demo import history, readers
from waypost_demo.inbox import Received
from waypost_demo.set_up import Demo

LETTER = "letter.eml"
"""The last letter as it was sent, in the demo's folder."""


def program() -> str:
    """Return how this program is called: by its name where a shell finds it, else by its path."""
    path = Path(sys.argv[0]).resolve()
    found = shutil.which("waypost")
    if path.name != "waypost":
        return shlex.quote(found or "waypost")
    return "waypost" if found and Path(found).resolve() == path else shlex.quote(str(path))


def last_letter(now: datetime) -> str:
    """Return the campaign of the last letter that was sent."""
    return f"Weekly letter, week {history.last_nine(now).isocalendar().week}"


def lines(demo: Demo, live: Sequence[Received]) -> Iterator[tuple[str, str]]:
    """Yield commands, each with what it answers."""
    letter = last_letter(history.now())
    somebody = readers.everybody()[6].address
    asked = (
        (("report",), "how all campaigns did, and their links"),
        (("report", "--campaign", letter), "the last letter alone"),
        (("report", "--by", "recipient-domain", "--campaign", letter), "where filters click"),
        (("clickers", f"{demo.site}/shop", "--csv"), "who clicked a link, as CSV"),
        (("activity", somebody), "what one person was sent and clicked"),
        *_about_message(live),
        (("export", "--campaign", letter, "--csv"), "every click, and why it counts as it does"),
        (
            ("clickmap", letter, str(demo.folder / LETTER), "-o", str(demo.folder / "map.html")),
            "that letter as a page, with what each link did drawn on it",
        ),
        (("explain", str(demo.folder / "sent-1.eml")), "which links are tracked, and why not"),
    )
    for (name, *arguments), about in asked:
        words = [name, *arguments, "-c", str(demo.config_file)]
        yield f"{program()} {shlex.join(words)}", about


def _about_message(live: Sequence[Received]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the question what became of the first message that was sent live."""
    for received in live[:1]:
        message = email.message_from_bytes(received.content, policy=policy.default)
        yield ("message", str(message["Message-ID"])), "what became of one message"
