"""`traceparent` as W3C Trace Context has it: what is malformed is ignored, and a later version is read."""

import pytest

from taskflow.db.traceparent import parse, trace_id

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
SOUND = f"00-{TRACE}-{SPAN}-01"

MALFORMED: list[object] = [
    None,
    "",
    7,
    b"00",
    "no trace",
    f"00-{TRACE}-{SPAN}",
    f"00-{TRACE}-{SPAN}-01-more",
    f"00-{TRACE}-{SPAN}-1",
    f"00-{TRACE.upper()}-{SPAN}-01",
    f"00-{TRACE[:-1]}-{SPAN}-01",
    f"00-{TRACE[:-1]}g-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"ff-{TRACE}-{SPAN}-01",
    f"cc-{TRACE}-{SPAN}-01.more",
    f"{SOUND}\n",
    f"{SOUND},{SOUND}",
    f"00-{TRACE[:-1]}\N{DIGIT ZERO}\u0660-{SPAN}-01",
    "0" * 100_000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: repr(text)[:60])
def test_what_is_malformed_is_no_trace(text: object) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (SOUND, SOUND),
        (f" {SOUND}\t", SOUND),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"00-{TRACE}-{SPAN}-03", f"00-{TRACE}-{SPAN}-03"),
        (f"cc-{TRACE}-{SPAN}-09", SOUND),
        (f"cc-{TRACE}-{SPAN}-08-what the future brings", f"00-{TRACE}-{SPAN}-00"),
    ],
)
def test_what_is_sound_is_kept_as_version_00(text: str, kept: str) -> None:
    assert parse(text) == kept
    assert len(kept) == 55
    assert trace_id(text) == TRACE
