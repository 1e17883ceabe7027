"""The page `docs/machines.md`: what a person and a machine are here, and each rule with its points.

Owns: the text around the table of rules. `python -m tracker.judging.manual` writes the page, and leaves
what `make traces` measured as it is; a test fails while the page is stale.
Does not own: the rules (`rules`).
"""

from collections.abc import Iterable
from pathlib import Path

from tracker.judging.rules import RULES, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "machines.md"
BEGIN, END = "<!-- measured by make traces -->\n", "<!-- end -->\n"

HEAD = """\
# People and machines

Written by `python -m tracker.judging.manual` from `tracker/judging/rules.py`, and by `make traces`; edit there.

Mail filters follow the links of a mail before anybody reads it, messengers fetch previews, browsers fetch
ahead. Reports tell their clicks from those of people by the rules below ([figures](figures.md)); `waypost
reclassify` judges what is kept anew, and `waypost classify` a [trace](#judging-a-trace) of your own. What each rule
caught stands on the [page](pages.md) `/machines`, why a single click was judged so on `/clicks` and `/people`.

Opens, and clicks that an app asks about itself (`/resolve`), go by `head`, `prefetch` and `scanner-network`:
mail programs and apps are no browsers.

## What the words mean
- A click is a **machine's** when its rules add up to {threshold} points or more.
- It is a **person's** below that. From {doubtful} points on it is **doubtful**: counted as a person's, and marked.
- A **copy** is one message to one recipient. Clicks are judged together with all others of their copy, so
  a later click can change what an earlier one is taken for. The order in which clicks arrive changes nothing.
- Of a copy that several people share, what each visitor (network and agent) does is judged apart.

A label drops nothing: everybody is served alike.

## The rules
"Soon" goes by the time at which the message was sent. A network is a /24 of IPv4, a /48
of IPv6; an agent is the `User-Agent`.

| Rule | Points | A click counts as such where |
|---|---:|---|
"""

MIDDLE = """
To judge a click again, its time, link, network and agent are enough, with the names of those rules above that
its own request met: header fields need not be kept.

A click whose details have grown old (`[privacy] details`, 90 days after its message was sent) keeps its time and
link, and the label that it has: for good, whatever comes later, and `waypost reclassify` leaves it. It takes no part
in what is found of other clicks either, but for the count of `flood`: of a time and a link without the rest it
cannot be told whose they were. No click loses its details within a day after it was made, and no rule
looks further than 15 minutes, so when they go changes no label of others, unless clicks waited in the spool for
a day. The labels of all clicks with details depend on these alone, whatever the order in which they
arrive.

All points can be changed, and networks added or taken out: `[clicks]` in [configuration.md](configuration.md).
The published networks are in `tracker/judging/networks.txt` and `clouds.txt`, with their sources. The agents of
crawlers are those of the package crawler-user-agents (MIT), with a few left out that people's browsers have
too.

## How well it works
Measured on generated mail (`make traces`, `tests/traces/`): a fifth of the recipients' domains has a filter,
12 % of the copies a reader who clicks. The kinds of filters and readers follow what vendors and senders have
published; real mail has others, in other shares. Three of four of the machines in data centres are in
networks of the great providers: where filters are at others, fewer of their single fetches are known. Judged
right:

"""

TAIL = """
## What cannot be told
- **One link fetched alone, by a browser's whole header fields, from a network of which nothing is known, or
  later than two minutes after sending**, is taken for a person's. Headless browsers send all that people's
  browsers send, `Sec-Fetch-User` included. The same goes for a sweep over a message with one link.
- People who open several links in tabs within two minutes of sending look like filters, and are taken
  for machines. So are those who open seven or more links, all of them, in the order of the text.
- Behind browser isolation, a click within two minutes of sending is taken for the vendor's filter; so is one
  from a desktop or VPN in a great provider's cloud. Later, such networks prove nothing.
- A browser whose Fetch Metadata something takes out on the way is doubtful, and within five minutes of sending
  a machine. Behind a web server of yours nobody is asked for it, unless `[tracker] trusted_proxies` has its
  address, it sets `X-Forwarded-Proto` ([tracker.md](tracker.md#https-and-web-servers)), and each `base_url`
  is HTTPS.
- A second fetch by a filter with the reader's very agent is taken for another click of the reader's.
- Where a click's address is not kept (`[privacy] ip = "none"`), networks are compared by hashes under a secret of
  the day, which the process that answers links has in its memory alone, and destroys after two days. The
  same goes for agents that are not kept whole (`user_agent`), by secrets of the process that counts. Across days,
  processes, machines and restarts it is unknown whether two are the same: unknown is never "another", and never
  "the same". With its secret a hash leaves the click, which then keeps its label as one without details does.

There are no hidden links to trap machines: they would alter your message, and mailbox providers count hidden
content as spam.

## Judging a trace
```console
$ waypost classify trace.jsonl
$ waypost classify --json trace.jsonl > verdicts.jsonl
```

A trace has a JSON object on each line, by time; no configuration is needed. Other fields are ignored, and so are
empty lines. A line that is neither a message nor a request is named by its number, with the reason, and the
exit status is 1.

```json
{"type": "message", "message_id": "a1", "sent_at_s": 1795430400, "links": 4, "recipients": 1, "domain": "example.com"}
{"type": "request", "ts": 1795430443.2, "message_id": "a1", "recipient": 1, "link": 2, "method": "GET", "https": true, "headers": [["User-Agent", "curl/8.7.1"]], "ip": "192.0.2.7"}
```

`sent_at_s` and `ts` are seconds since 1970; `links` and `recipients` are counts; `link` and `recipient` are
numbers from 1, and recipient 0 is a copy that several share. `--json` prints a line for each request, in order:

```json
{"human": false, "doubtful": false, "score": 240, "reasons": ["robot-agent/1", "no-language/1", "no-html/1", "early/1"]}
```

A reason is a rule's name and version. Without `--json` there is a table, and totals.
"""


def page(measured: str) -> str:
    """Return the page with what was measured, as it stands between BEGIN and END."""
    settings = Settings()
    head = HEAD.format(threshold=settings.threshold, doubtful=settings.doubtful)
    rows = [f"| `{rule.name}` | {rule.shares or rule.points} | {rule.sees} |\n" for rule in RULES]
    return "".join([head, *rows, MIDDLE, BEGIN, measured, END, TAIL])


def measured_on(text: str) -> str:
    """Return what stands between BEGIN and END."""
    return text.partition(BEGIN)[2].partition(END)[0]


def write(rows: Iterable[str]) -> None:
    """Write the page with rows that were measured anew."""
    PAGE.write_text(page("".join(f"{row}\n" for row in rows)))


if __name__ == "__main__":
    PAGE.write_text(page(measured_on(PAGE.read_text() if PAGE.exists() else "")))
