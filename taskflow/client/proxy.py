"""What the environment puts between this program and TaskFlow: a proxy, or none. Asks nobody."""

import ipaddress
import os
from urllib.request import getproxies, proxy_bypass

from taskflow.client.address import Address


def bypasses_proxy(address: Address) -> bool:
    """Whether NO_PROXY says so: then a proxy that can't even be spoken to is none of our business."""
    return bool(proxy_bypass(f"{address.host}:{address.port}")) or _is_in_network(address.host)


def proxy_variable(address: Address) -> str | None:
    """The variable that names the proxy on the way to the address; None where none is."""
    scheme = address.url.partition(":")[0]
    found = getproxies()
    names = [name for name in (scheme, "all") if found.get(name)]
    return None if not names or bypasses_proxy(address) else f"{names[0].upper()}_PROXY"


def _is_in_network(host: str) -> bool:
    """Whether NO_PROXY has a network such as 127.0.0.0/8 that the address is in."""
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for name in excluded.split(","):
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(name.strip(), strict=False):
                return True
        except ValueError:  # a name, and no network
            continue
    return False
