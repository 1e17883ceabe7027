"""Records of the spool that tell of a person are rewritten in place."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checks.facts import accepted, clicked, pending, put, totals
from tests.support.checks.people import ANN, ANNS_ID, CAY, IDENTIFIER, PERSONAL, sent
from tests.support.details import handled
from tests.support.feeding import spooled
from tracker.erasure import spool
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.spool import Traces
from tracker.events import (
    Clicked,
    MessageHandled,
    MessagePending,
    Recipient,
    SentLink,
    decode,
    encode,
)
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite

BOB = Recipient(1, "bob@example.net")


def test_fed_records_are_rewritten_in_place(tmp_path: Path):
    """Of the same length, each readable; what is not fed yet stays for the ingester."""
    events = [
        pending(links=(SentLink(1, PERSONAL, PERSONAL, "x"),)),
        accepted(),
        clicked("c1", destination=PERSONAL, ip="192.0.2.0"),
        clicked("c2", recipient=2),
    ]
    lines = [segments.frame(encode(each)) for each in events]
    path, descriptor = segments.create(tmp_path / "spool", "proxy")
    os.write(descriptor, b"".join([*lines, lines[0]]))
    os.close(descriptor)
    fed = {path.name: sum(map(len, lines))}
    patterns = PersonPatterns.of([ANN], IDENTIFIER)
    assert spool.redact(tmp_path / "spool", fed, Traces([ANN], patterns)) == (2, 0)
    octets = path.read_bytes()
    assert octets[fed[path.name] :] == lines[0]
    kept = [decode(line[9:]) for line in octets.splitlines()[:4]]
    assert isinstance(kept[0], MessagePending)
    assert [to.address for to in kept[0].recipients] == ["", "bob@example.net"]
    assert kept[1:2] + kept[3:] == [events[1], events[3]]
    assert not any(each in octets[: fed[path.name]] for each in (b"ann@", ANNS_ID.encode()))
    assert spool.redact(tmp_path / "spool", fed, Traces([ANN], patterns)) == (0, 0)


def test_links_that_stand_apart_are_rewritten(tmp_path: Path):
    """Of those of messages to them alone each place of theirs; of others', only what names them."""
    page, named = "https://example.net/?p=7", f"https://example.net/?a={CAY.address}"
    own, common = (SentLink(1, page, None, "own"),), (SentLink(1, page, None, "common"),)
    naming = (SentLink(1, named, named, "x"),)
    events = [
        pending("m1", recipients=(CAY,), links=own),
        pending("m2", recipients=(CAY,), links=own),
        pending("m3", recipients=(BOB,), links=common),
        pending("m4", recipients=(CAY,), links=common),
        pending("m5", recipients=(BOB,), links=common),
        pending("m6", recipients=(BOB,), links=naming),
        pending("m7", recipients=(BOB,), links=naming),
    ]
    writer = Spool.open(tmp_path, "proxy")
    for event in events:
        writer.append(event).result(5)
    writer.close()
    (path,) = segments.listing(tmp_path)
    traces = Traces(["7", CAY.address], PersonPatterns.of(["7", CAY.address], IDENTIFIER))
    assert spool.redact(tmp_path, {path.name: path.stat().st_size}, traces) == (6, 0)
    kept = [event for event in spooled(tmp_path) if isinstance(event, MessagePending)]
    assert [event.links[0].url for event in kept] == [
        *2 * ("https://example.net/?p=e",),
        *(page, page, page),
        *2 * ("https://example.net/?a=erased",),
    ]
    assert CAY.address.encode() not in path.read_bytes()


@pytest.mark.parametrize("first", [CAY, BOB], ids=["theirs", "another's"])
def test_links_that_others_have_as_well_are_not_theirs(tmp_path: Path, first: Recipient):
    """Whether the message that had them first holds them itself, and whoever else may have them later."""
    common = (SentLink(1, "https://example.net/?p=7", None, "common"),)
    second = BOB if first == CAY else CAY
    writer = Spool.open(tmp_path, "proxy")
    for name, to in (("m1", first), ("m2", second)):
        writer.append(pending(name, recipients=(to,), links=common)).result(5)
    (path,) = segments.listing(tmp_path)
    traces = Traces(["7", CAY.address], PersonPatterns.of(["7", CAY.address], IDENTIFIER))
    assert spool.redact(tmp_path, {path.name: path.stat().st_size}, traces) == (1, 0)
    writer.append(pending("m3", recipients=(BOB,), links=common)).result(5)
    writer.close()
    kept = [event for event in spooled(tmp_path) if isinstance(event, MessagePending)]
    assert [event.links for event in kept] == 3 * [common]


def test_a_click_of_theirs_tells_no_address_network_or_agent(tmp_path: Path):
    """As one that is fed after they were forgotten; what gave a machine away stays."""
    events = [
        pending(),
        replace(
            clicked("c1", ip="192.0.2.0", user_agent="Agent/7"),
            network="192.0.2.0/24",
            signals=("no-language",),
        ),
    ]
    lines = [segments.frame(encode(each)) for each in events]
    path, descriptor = segments.create(tmp_path, "tracker")
    os.write(descriptor, b"".join(lines))
    os.close(descriptor)
    traces = Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER))
    assert spool.redact(tmp_path, {path.name: sum(map(len, lines))}, traces) == (2, 0)
    kept = decode(path.read_bytes().splitlines()[1][9:])
    assert isinstance(kept, Clicked)
    assert (kept.ip, kept.network, kept.user_agent) == (None, None, "")
    assert kept.signals == ("no-language",)


def test_records_lose_campaigns_and_texts_as_the_store_does(tmp_path: Path):
    """What the store calls a campaign now, it is called in the spool."""
    (event, _) = sent("m1", CAY, "for 7", "https://example.net/?p=7", text="Bill 7")
    record = segments.frame(encode(event))
    path, descriptor = segments.create(tmp_path, "proxy")
    os.write(descriptor, record)
    os.close(descriptor)
    patterns = PersonPatterns.of(["7", CAY.address], IDENTIFIER)
    traces = Traces(["7", CAY.address], patterns, campaigns={"for 7": "for e"})
    assert spool.redact(tmp_path, {path.name: len(record)}, traces) == (1, 0)
    kept = decode(path.read_bytes()[9:-1])
    assert isinstance(kept, MessagePending)
    (link,) = kept.links
    assert (kept.campaign, link.url, link.text) == ("for e", "https://example.net/?p=e", "Bill e")


def test_a_campaign_that_is_called_something_longer_now_names_nobody(tmp_path: Path):
    """A record of others has no room for more octets than it had."""
    event = pending(campaign=ANN, recipients=(Recipient(1, "bob@example.net"),))
    record = segments.frame(encode(event))
    path, descriptor = segments.create(tmp_path, "proxy")
    os.write(descriptor, record)
    os.close(descriptor)
    now = {ANN: "erased#1234567890123"}
    traces = Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER), campaigns=now)
    assert spool.redact(tmp_path, {path.name: len(record)}, traces) == (1, 0)
    kept = decode(path.read_bytes()[9:-1])
    assert isinstance(kept, MessagePending)
    assert kept.campaign == "erased"


def test_records_that_could_not_be_fed_stay_readable(tmp_path: Path):
    """They may be put back into the spool one day."""
    (event, _) = sent("m1", Recipient(1, ANN, "pers-4711x"), "news")
    lines = [encode(event), b'{"kind":"later","who":"ann@example.net","person":"7"}']
    file = tmp_path / "quarantine" / "proxy-1.log"
    file.parent.mkdir()
    file.write_bytes(b"".join(map(segments.frame, lines)))
    names = [ANN, "pers-4711x", "7"]
    assert spool.redact(tmp_path, {}, Traces(names, PersonPatterns.of(names, IDENTIFIER))) == (2, 0)
    first, second = (line[9:] for line in file.read_bytes().splitlines())
    assert decode(first) == sent("m1", Recipient(1, ""), "news")[0]
    assert second == lines[1].replace(ANN.encode(), b"x" * len(ANN)).replace(b'"7"', b'"x"')
    assert all(
        segments.frame(line[9:-1]) == line for line in file.read_bytes().splitlines(keepends=True)
    )


def test_damaged_records_are_masked(tmp_path: Path):
    """Nobody can read them, but for an eye."""
    file = tmp_path / "quarantine" / "proxy-1.log"
    file.parent.mkdir()
    file.write_bytes(b'\xff{"address": "ann@example.net"')
    assert spool.redact(tmp_path, {}, Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER))) == (1, 0)
    assert file.read_bytes() == b'\xff{"address": "' + b"x" * len(ANN) + b'"'


def test_records_behind_a_hole_are_rewritten_where_nothing_is_fed(tmp_path: Path):
    """Room that was not all written over before the power went; and what was torn by then is masked."""
    record = segments.frame(encode(pending()))
    path, descriptor = segments.create(tmp_path, "proxy")
    os.write(descriptor, record + b" " * 4096 + record + record + record[:-5] + b" " * 4096)
    traces = Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER))
    assert spool.redact_each(tmp_path, None, traces, spool.nobody_else) == []
    assert path.read_bytes().count(b"ann@") == 3  # as its writer may be alive
    os.close(descriptor)
    assert spool.redact_each(tmp_path, None, traces, spool.nobody_else) == []
    assert b"ann@" not in path.read_bytes()
    assert path.stat().st_size == 4 * len(record) - 5 + 8192


def test_rewritten_records_make_nobody(db: SQLite):
    """Should the store be lost, and a segment be fed again."""
    nobody = Recipient(1, "")
    put(db, pending(recipients=(nobody,)), accepted("m1", 1), clicked("c1", destination=PERSONAL))
    assert (totals(db).deliveries, totals(db).clicks_all, totals(db).unique_all) == (1, 1, 0)
    assert list(db["persons"].rows) == []


def test_what_became_of_their_mail_tells_nobody(tmp_path: Path):
    """Of mail to several, what the others have stays; also where the person is who sent it."""
    theirs = replace(handled(1, Recipient(1, ANN)), reply=f"250 <{ANN}> ok", subject="For you")
    tracked = replace(handled(1), message_id="m1", subject="For you")
    several = replace(
        theirs,
        sender=ANN,
        recipients=(Recipient(1, ANN), Recipient(2, "bob@example.net")),
        reply="250 ok",
    )
    lines = [segments.frame(encode(each)) for each in (pending(), theirs, several, tracked)]
    path, descriptor = segments.create(tmp_path, "proxy")
    os.write(descriptor, b"".join(lines))
    os.close(descriptor)
    traces = Traces([ANN], PersonPatterns.of([ANN], IDENTIFIER))
    assert spool.redact(tmp_path, {path.name: sum(map(len, lines))}, traces) == (4, 0)
    told = [event for event in spooled(tmp_path) if isinstance(event, MessageHandled)]
    first, second, third = told
    assert (first.subject, first.reply, second.subject) == ("", "250 <erased> ok", "For you")
    assert (third.subject, third.header_message_id) == ("", None)
    assert [to.address for to in second.recipients] == ["", "bob@example.net"]
    assert b"ann@" not in path.read_bytes()
