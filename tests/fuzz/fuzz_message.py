"""Fuzz parsing, decoding and editing of messages: `python tests/fuzz/fuzz_message.py [CORPUS …]`.

An input that begins with "q" or "b" is the body of a quoted-printable or base64 part, any other a
whole message. Every input must parse; every part must decode; every edit that is allowed must decode to itself,
move no other octet, and leave the parts where they were. `make fuzz` runs this for a while;
libFuzzer's own options are understood, e.g. `-max_total_time=60`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

with atheris.instrument_imports(include=["proxy"]):
    from proxy.links import plaintext
    from proxy.message.editing import Change, Edit, Message, Part, decode, parse, splice

SEEDS = Path(__file__).resolve().parents[1] / "messages"
URL = b"https://t.example.com/c/" + b"Ab-_" * 40
LONGEST_LINE = 998
HEADS = {
    b"q": b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
    b"b": b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n",
}


def check(octets: bytes) -> None:
    """Hold one input against what must be true."""
    head = HEADS.get(octets[:1])
    data = octets if head is None else head + octets[1:]
    message = parse(data)
    at = 0
    for index, part in enumerate(message.parts):
        assert at <= part.body_start <= part.body_end <= len(data)
        at = part.body_end
        check_part(message, part, index)
    for span in plaintext.urls(data, flowed=True, delsp=True):
        assert data[span.start : span.end].decode("ascii") == span.value


def check_part(message: Message, part: Part, index: int) -> None:
    """Edit a part here and there."""
    body = decode(message, part)
    size = len(body.octets)
    step = max(3, size // 8)
    spans = [(start, min(size, start + step // 2)) for start in range(0, size, step)]
    obstacles = body.obstacles([Change(*span, len(URL)) for span in spans])
    edits = [
        Edit(*span, URL)
        for span, obstacle in zip(spans, obstacles, strict=True)
        if obstacle is None
    ]
    raw = splice(message.raw, body.to_raw(edits))
    assert raw[: part.body_start] == message.raw[: part.body_start]
    assert raw.endswith(message.raw[part.body_end :])
    assert long_lines(raw) <= long_lines(message.raw)
    again = parse(raw)
    if part.skip is None and part.content_type.startswith("text/"):
        assert len(again.parts) == len(message.parts)
        assert decode(again, again.parts[index]).octets == splice(body.octets, edits)


def long_lines(raw: bytes) -> int:
    """Count the lines that relays would cut."""
    return sum(len(line.removesuffix(b"\r")) > LONGEST_LINE for line in raw.split(b"\n"))


if __name__ == "__main__":
    seeds = ",".join(str(path) for path in sorted(SEEDS.glob("*.eml")))
    atheris.Setup([*sys.argv, f"-seed_inputs={seeds}"], check)
    atheris.Fuzz()
