"""The work on messages, without sessions: CPU by the packages of one tree, for `compiled_core.py`.

Prints JSON: the median milliseconds a message of each size.

    python -m bench.mail.core_alone TREE CONFIG SEED
"""

import json
import statistics
import sys
import time
from pathlib import Path

from bench.support.mail import Author, Mail

sys.path.insert(0, sys.argv[1])

from config.loading.load import load
from config.telemetry import observe
from proxy.rewrite.submission import Submission
from proxy.rewrite.transformer import Transformer
from tracker.decisions.consents import Consents

SIZES = {
    "5 KB": (5_000, 6, 100),
    "100 KB, 80 links": (100_000, 80, 20),
    "10 MB": (10_000_000, 40, 3),
}
"""Octets, links, and how many messages."""
WARMING = 2


def once_ms(transformer: Transformer, mail: Mail) -> float:
    """Return what one message takes."""
    submission = Submission(b"news@example.com", (mail.recipient.encode(),), trusted=True)
    begun_s = time.process_time()
    transformer.prepare(mail.content, submission, time.time()).shared()
    return (time.process_time() - begun_s) * 1e3


def main() -> None:
    """Work on messages that nobody has seen."""
    observe.configure("critical", "json")
    transformer = Transformer.from_config(load(Path(sys.argv[2]), files=True), Consents)
    author, found = Author(int(sys.argv[3])), {}
    for name, (octets, links, count) in SIZES.items():
        write = author.newsletter if octets < 1_000_000 else author.letter
        mails = [write(octets, links) for _ in range(count + WARMING)]
        taken = [once_ms(transformer, mail) for mail in mails][WARMING:]
        found[name] = statistics.median(taken)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
