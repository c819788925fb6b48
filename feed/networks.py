"""Client addresses, grouped by who has them."""

import ipaddress
from functools import lru_cache

REMEMBERED = 10_000  # addresses: a megabyte or two


@lru_cache(REMEMBERED)
def network_of(address: str) -> str:
    """Returns what counts as one client: the IPv4 address, or the /64 network that an IPv6 customer gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
