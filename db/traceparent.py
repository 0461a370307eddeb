"""The trace that a task belongs to, as W3C Trace Context writes it in `traceparent`. Pure; knows no OpenTelemetry."""

import re
from typing import Final

_FORMAT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
NO_TRACE: Final = "0" * 32
NO_SPAN: Final = "0" * 16


def parse(text: object) -> str | None:
    """As the version 00 of the standard writes it, in 55 characters; None for what is malformed, which is ignored.

    A later version may add fields behind those that are known; of its flags the one that says "sampled" is kept.
    """
    found = _FORMAT.fullmatch(text.strip(" \t")) if isinstance(text, str) else None
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or trace == NO_TRACE or span == NO_SPAN:
        return None
    return f"00-{trace}-{span}-{flags if version == '00' else f'{int(flags, 16) & 1:02x}'}"


def trace_id(traceparent: str | None) -> str | None:
    """Its 32 hexadecimal digits; None where there is no trace, and for what another program wrote that is none."""
    kept = parse(traceparent)
    return kept[3:35] if kept else None
