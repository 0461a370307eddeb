"""What OTEL_* asks for, and what each of its variables takes: the SDK logs what it can't use, and goes on without.

Pure. No text of an error here has a value: headers hold tokens.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"
DEFAULT_QUEUE_SIZE: Final = 2048
DEFAULT_BATCH_SIZE: Final = 512
SAMPLERS: Final = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)


def asked_for(variables: Mapping[str, str]) -> bool:
    """By an exporter, or by a place to send spans to."""
    given = _given(variables)
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if exporter := given.get("OTEL_TRACES_EXPORTER"):
        return exporter != "none"
    return any(name in given for name in ENDPOINTS)


def protocol(variables: Mapping[str, str]) -> str:
    given = _given(variables)
    return next((given[name] for name in PROTOCOLS if name in given), HTTP)


def problems(variables: Mapping[str, str]) -> list[str]:
    """A line for each variable that is wrong. None where traces are turned off in so many words."""
    given = _given(variables)
    switches = [line for name in SWITCHES if (line := _problem(given, name))]
    if switches or given.get("OTEL_SDK_DISABLED", "").lower() == "true" or given.get("OTEL_TRACES_EXPORTER") == "none":
        return switches
    found = [line for name in TAKES if (line := _problem(given, name))]
    return found or _batch_beyond_queue(given)


def _given(variables: Mapping[str, str]) -> dict[str, str]:
    """An empty one is as one that is not set, as OpenTelemetry's specification says."""
    return {name: value for name, value in variables.items() if name.startswith("OTEL_") and value.strip()}


def _problem(given: Mapping[str, str], name: str) -> str | None:
    takes, is_sound = TAKES[name]
    return f"{name} takes {takes}" if name in given and not is_sound(given[name]) else None


def _batch_beyond_queue(given: Mapping[str, str]) -> list[str]:
    queue = int(given.get("OTEL_BSP_MAX_QUEUE_SIZE", DEFAULT_QUEUE_SIZE))
    batch = int(given.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", DEFAULT_BATCH_SIZE))
    return [f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE takes no more than the queue holds, {queue}"] if batch > queue else []


def _one_of(*words: str) -> tuple[str, Callable[[str], bool]]:
    return f"{', '.join(words[:-1])} or {words[-1]}", lambda text: text in words


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        return False


def _is_ratio(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) > 0


def _is_pairs(text: str) -> bool:
    return all(name.strip() and equals for name, equals, _ in (pair.partition("=") for pair in text.split(",")))


ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SWITCHES: Final = ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER")
_URL: Final = ("a URL such as http://127.0.0.1:4318", _is_url)
_COUNT: Final = ("a whole number of 1 or more", _is_count)
_PAIRS: Final = ("name=value, separated by commas", _is_pairs)
_FILE: Final = ("a file that is there", lambda text: Path(text).is_file())
TAKES: Final[dict[str, tuple[str, Callable[[str], bool]]]] = {
    "OTEL_SDK_DISABLED": ("true or false", lambda text: text.lower() in {"true", "false"}),
    "OTEL_TRACES_EXPORTER": _one_of("otlp", "console", "none"),
    "OTEL_TRACES_SAMPLER": _one_of(*SAMPLERS),
    "OTEL_TRACES_SAMPLER_ARG": ("a number from 0 to 1", _is_ratio),
    "OTEL_RESOURCE_ATTRIBUTES": _PAIRS,
    **{
        f"OTEL_BSP_{name}": _COUNT
        for name in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
    },
    **{
        f"OTEL_EXPORTER_OTLP_{signal}{name}": takes
        for signal in ("", "TRACES_")
        for name, takes in {
            "ENDPOINT": _URL,
            "PROTOCOL": _one_of(HTTP, GRPC),
            "HEADERS": _PAIRS,
            "TIMEOUT": ("a number of seconds of more than 0", _is_time),
            "COMPRESSION": _one_of("gzip", "deflate", "none"),
            "CERTIFICATE": _FILE,
            "CLIENT_CERTIFICATE": _FILE,
            "CLIENT_KEY": _FILE,
        }.items()
    },
}
