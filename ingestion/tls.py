"""Whether what goes over a network to a server is encrypted.

Belongs here: what is asked of a driver where a URL says nothing of it. Not here: drivers.
"""

import os
from ipaddress import ip_address

from sqlalchemy import URL

_DEMANDS = {
    "postgresql": {"sslmode": "require"},
    "postgres": {"sslmode": "require"},
    # The driver takes any option of this kind for a demand.
    "mysql": {"ssl_verify_cert": "none"},
    "mariadb": {"ssl_verify_cert": "none"},
}
_DRIVERS = ("", "psycopg", "psycopg2", "pymysql")
"""Those that know these options; the first is ours."""


def encrypted(url: URL) -> URL:
    """A server's URL with TLS asked for, where it is on another machine and its owner said nothing of it.

    Who it is that answers is not looked at: that takes certificates, which the owner tells (`sslrootcert`, `ssl_ca`).
    """
    backend, _, driver = url.drivername.partition("+")
    demand = _DEMANDS.get(backend) if driver in _DRIVERS else None
    is_told = any(name.startswith("ssl") for name in url.query)
    is_told |= backend.startswith("postgres") and "PGSSLMODE" in os.environ
    return url if demand is None or is_told or _is_local(url) else url.update_query_dict(demand)


def _is_local(url: URL) -> bool:
    told = [value for name in ("host", "hostaddr") for value in url.normalized_query.get(name, ())]
    hosts = [host for names in (url.host or "", *told) for host in names.split(",") if host]
    return all(map(_is_of_this_machine, hosts))


def _is_of_this_machine(host: str) -> bool:
    # A socket's folder, or its abstract name.
    if host == "localhost" or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
