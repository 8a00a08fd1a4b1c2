"""The dashboard for Superset as files: which are stale, and the archive that Superset imports.

Belongs here: the folder bi/superset, and where its database is. Not here: what is shown (dashboard.py).
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import URL

from ingestion.settings import PROJECT_ROOT
from marts.dashboard import files_of_dashboard
from marts.declaration import Mart
from marts.names import named_ids

FOLDER = PROJECT_ROOT / "bi" / "superset"
_HEAD = "# Written by `python -m marts write`.\n"


def stale_dashboard(declared: Mapping[str, tuple[str, Mart]], folder: Path = FOLDER) -> dict[Path, str | None]:
    """The files of the dashboard that are not what the declarations give, as `marts.written.stale_files` tells them."""
    names = {ids: named.name for ids, named in named_ids().items()}
    due: dict[Path, str | None] = {
        folder / path: _HEAD + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=120)
        for path, entry in files_of_dashboard(declared, names).items()
    }
    there = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")}
    left = dict.fromkeys(sorted(there.keys() - due.keys()))
    return {path: text for path, text in due.items() if there.get(path) != text} | left


def write_archive(warehouse: URL, archive: Path) -> None:
    """Write what Superset imports, for one warehouse.

    Args:
        warehouse: where the marts are, as WAREHOUSE_URL or the copy's file as a DuckDB URL. A password in it is
            written into the archive; for `XXXXXXXXXX` in its place Superset asks.
        archive: the zip file.
    """
    prefix, url = "", warehouse
    if warehouse.get_backend_name() == "bigquery":
        # Its schemas are datasets, behind the prefix that the URL has for a database.
        prefix = f"{warehouse.database}_"
        url = URL.create(warehouse.drivername, host=warehouse.host, query=warehouse.query)
    elif warehouse.get_backend_name() == "duckdb":
        url = warehouse.update_query_dict({"access_mode": "read_only"})
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path in sorted(FOLDER.rglob("*.yaml")):
            entry: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
            if "sqlalchemy_uri" in entry:
                entry["sqlalchemy_uri"] = url.render_as_string(hide_password=False)
            if "schema" in entry:
                entry["schema"] = prefix + entry["schema"]
            text = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)
            written.writestr(f"crm_warehouse/{path.relative_to(FOLDER).as_posix()}", text)
