"""A Debian system in a folder of the cache, for servers that this machine lacks. Needs root; nothing is installed here,
except debootstrap itself.

The mirror is the one that this machine's own apt uses. A root is built under another name and renamed when it is whole,
so an interrupted build is never used.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.machine import Machine, MissingError, cache_folder, exclusive, say
from tests.services.probe import Service

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Release:
    """A Debian release and what we need of it."""

    suite: str
    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        """Changes with the content, so that a root that holds something else is not taken for this one."""
        content = " ".join((self.suite, *self.packages))
        return f"{self.suite}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


NEWEST = Release("sid", ("mysql-server-core", "rabbitmq-server", "redis-server"))
OLDEST_MARIADB = Release("bookworm", ("mariadb-client-core", "mariadb-server-core"))
RELEASES: dict[Service, Release] = {"mysql": NEWEST, "rabbitmq": NEWEST, "redis": NEWEST, "mariadb": OLDEST_MARIADB}


def debian(service: Service) -> Machine:
    """The Debian root that holds `service`, built if need be. Raises MissingError where it can't be."""
    release = RELEASES[service]
    roots = cache_folder("roots")
    root = roots / release.name
    if os.geteuid() != 0:
        raise MissingError("only root can start it from a Debian root")
    with exclusive(roots / f"{release.name}.lock"):
        if not root.exists():
            _build(release, root)
    return Machine(root)


def built(service: Service) -> Machine | None:
    """The Debian root that holds `service`, where an earlier run has built it and it can be entered."""
    root = cache_folder("roots") / RELEASES[service].name
    return Machine(root) if os.geteuid() == 0 and root.exists() else None


def _build(release: Release, root: Path) -> None:
    command = [_debootstrap(), "--variant=minbase", f"--include={','.join(release.packages)}"]
    command += [f"--keyring={KEYRING}"] if KEYRING.exists() else []
    for left_behind in root.parent.glob(f"{root.name}.unfinished-*"):
        _remove(left_behind)
    unfinished = root.with_suffix(f".unfinished-{os.getpid()}")  # of our own: the debootstrap of a killed run may go on
    archive = mirror()
    say(f"building a Debian {release.suite} root with {', '.join(release.packages)}: once, about a minute")
    _run_with_progress(f"Debian {release.suite} root", [*command, release.suite, str(unfinished), archive])
    (unfinished / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    shutil.rmtree(unfinished / "var" / "cache" / "apt")
    unfinished.rename(root)


def _remove(folder: Path) -> None:
    """Delete an unfinished root, not what debootstrap may have left mounted in it."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if Path(m).is_relative_to(folder)), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=True)
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=False)


def _debootstrap() -> str:
    machine = Machine()
    try:
        return machine.program("debootstrap")
    except MissingError:
        apt = machine.program("apt-get")
    with exclusive(cache_folder("roots") / "apt.lock"):
        if not shutil.which("debootstrap"):
            say("installing debootstrap")
            install = f"{apt} install -qq --yes --no-install-recommends debootstrap"
            _run_with_progress("debootstrap", ["sh", "-c", f"{install} || {{ {apt} -qq update && {install}; }}"])
    return machine.program("debootstrap")


def _run_with_progress(what: str, command: list[str]) -> None:
    """Run a long command, with its newest line shown every few seconds. Raises MissingError when it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    last, shown = "", time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            last = line.strip() or last
            if time.monotonic() - shown > 5:
                say(f"{what}: {last}")
                shown = time.monotonic()
    if process.returncode:
        raise MissingError(f"{what} failed: {last}")


# --- the mirror


def mirror() -> str:
    """The archive that this machine's apt uses for Debian itself. Raises MissingError when it has none."""
    for uri, suite, components in _sources():
        if (
            suite in (codename(), "sid", "unstable", "testing")
            and "main" in components
            and uri.startswith(("http://", "https://"))
        ):
            return uri
    raise MissingError(f"no Debian archive is named in {APT}")


def codename() -> str:
    system = Path("/etc/os-release")
    found = re.search(r"^VERSION_CODENAME=(\S+)", system.read_text(), re.MULTILINE) if system.exists() else None
    return found[1] if found else "sid"


def _sources() -> Iterator[tuple[str, str, list[str]]]:
    """(URI, suite, components) of every package source, in both of apt's formats: sources.list(5)."""
    for path in (APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))):
        text = path.read_text() if path.is_file() else ""
        yield from _stanzas(text) if path.suffix == ".sources" else _lines(text)


def _lines(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for line in text.splitlines():
        match re.sub(r"\[[^\]]*\]", "", line.split("#")[0]).split():
            case ["deb", uri, suite, *components]:
                yield uri, suite, components


def _stanzas(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for stanza in re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"^([\w-]+):\s*(.*(?:\n\s.*)*)", stanza, re.MULTILINE)
        }
        if "deb" in fields.get("types", ()) and fields.get("enabled", ["yes"]) == ["yes"]:
            for uri in fields.get("uris", ()):
                for suite in fields.get("suites", ()):
                    yield uri, suite, fields.get("components", [])
