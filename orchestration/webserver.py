"""Dagster's web server, for those alone who opened it: `python -m orchestration ui`, or by itself as this module.

Belongs here: what is refused or answered before Dagster sees it. Not here: who may log in (the proxy of deploy/), how
health is looked at (health.py).

Dagster's own server does whatever a request asks for, mutations by GET among it. A web page that somebody has open in
another tab could have it delete runs, and one whose name is made to point at this machine (DNS rebinding) read them. So
requests must be for a host that is ours, and what can change something must come from a page of ours, or from no page.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from dagster._cli import dev
from dagster_shared.cli import WorkspaceOpts
from dagster_webserver import app as dagster_app
from dagster_webserver.cli import cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ingestion.errors import IngestionError
from ingestion.output.private import keep_private
from ingestion.output.terminal import say_error
from ingestion.settings import PROJECT_ROOT, Settings
from orchestration.outcome import read_outcome

OURS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine for itself."""

HEALTH = "/health"
"""Where a monitor asks."""

_SAFE = {"GET", "HEAD", "OPTIONS"}
_OWN_PAGES = {"same-origin", "none"}


class Guard:
    """Refuses requests for foreign hosts, and from foreign pages what could change something.

    Args:
        application: what is guarded.
        hosts: names under which it is opened, without ports.
    """

    def __init__(self, application: ASGIApp, hosts: Iterable[str]) -> None:
        self._application = application
        self._hosts = OURS | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await PlainTextResponse(refusal, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = _host(f"//{headers.get('host', '')}")
        if host not in self._hosts:
            return f"{host or 'No host'} is no name of this UI. If it is, say so: UI_HOSTS={host}"
        is_graphql = scope["path"].endswith("/graphql")
        method = scope.get("method")
        if is_graphql and method in _SAFE and b"query=" in scope["query_string"]:
            return "GraphQL is answered by POST: what a GET asks for, any page could ask for"
        if scope["type"] == "http" and method in _SAFE and not is_graphql:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if origin is not None and _host(origin) not in self._hosts:
            return f"A page of {origin} may not use this UI"
        # Some send no Origin; a browser that tells the site tells the truth.
        if site not in _OWN_PAGES and method != "GET":
            return "A page of another site may not use this UI"
        return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class HealthAnswer:
    """Answers /health by what the last look came to (outcome.py), whoever asks, and passes on all else.

    Args:
        application: what else is asked.
        home: Dagster's folder.
    """

    def __init__(self, application: ASGIApp, home: Path) -> None:
        self._application = application
        self._home = home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["path"] != HEALTH or scope["method"] not in _SAFE:
            await self._application(scope, receive, send)
            return
        status, body = read_outcome(self._home, datetime.now(UTC))
        await JSONResponse(body, status, {"Cache-Control": "no-store"})(scope, receive, send)


class GuardedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's web server behind the guard."""

    def build_middleware(self) -> list[Middleware]:
        """See `DagsterWebserver`."""
        settings = Settings.read()
        hosts = [host.strip() for host in settings.ui_hosts.split(",") if host.strip()]
        health = Middleware(HealthAnswer, settings.dagster_home)
        return [Middleware(Guard, hosts), health, *super().build_middleware()]


def develop(arguments: Sequence[str]) -> None:
    """Do as `dg dev` does, with this web server; the process ends with it.

    `dg` comes in a package of its own, with a client of Dagster's cloud, and what it starts is not ours. So what it
    calls is called here, with the options that the superseded `dagster dev` parses.
    """
    module, name = dev.__dict__, "open_ipc_subprocess"
    original = module[name]

    def opened(parts: Sequence[str], **options: Any) -> Any:
        return original([__spec__.name if part == "dagster_webserver" else part for part in parts], **options)

    module[name] = opened
    command = click.Command("ui", params=dev.dev_command.params, callback=_start, help="Dagster's UI, with its daemon.")
    command.main(list(arguments), prog_name="python -m orchestration ui")


def _start(**options: Any) -> None:
    workspace = WorkspaceOpts.extract_from_cli_options(options)
    dev.dev_command_impl(workspace_opts=workspace, **options)


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    # Where Dagster's own command makes its application.
    dagster_app.__dict__["DagsterWebserver"] = GuardedWebserver
    try:
        Settings.read()
    except IngestionError as error:
        say_error(error)
        sys.exit(1)
    cli(auto_envvar_prefix="DAGSTER_WEBSERVER")
