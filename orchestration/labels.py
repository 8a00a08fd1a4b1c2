"""What every asset says of itself, whatever it is: whose it is, where it belongs, where it is explained and made.

Belongs here: owners, tags and links. Not here: what an asset holds, which its own module tells.
"""

from pathlib import Path
from typing import Any, Literal

import dagster as dg
from dagster._utils.warnings import disable_dagster_warnings

from ingestion.settings import PROJECT_ROOT
from orchestration.configuration import settings

Layer = Literal["raw", "staging", "intermediate", "core", "marts", "bi_copy", "exports", "reports", "deliveries"]


def tags(system: str, layer: Layer, *, is_personal: bool) -> dict[str, str]:
    """Tags to look assets up by.

    Args:
        system: the source system, or the source, that feeds it.
        layer: how far on its way from the source it is.
        is_personal: whether it has a column that tells a person, or one person from another.
    """
    return {"system": system, "layer": layer, "personal": "yes" if is_personal else "no"}


def links(page: str, file: str | Path) -> dict[str, Any]:
    """Metadata: the page that explains an asset, and the file that makes or declares it.

    Addresses, where REPOSITORY_URL says under which people read this project's files; else paths.

    Args:
        page: path of the page below the project's root.
        file: path of the file, likewise or whole.
    """
    path = PROJECT_ROOT / file
    url = settings.repository_url.rstrip("/")
    docs = dg.MetadataValue.url(f"{url}/{page}") if url else dg.MetadataValue.text(page)
    # They are called a beta, on standard error, of which nobody here can make use.
    with disable_dagster_warnings():
        reference: dg.UrlCodeReference | dg.LocalFileCodeReference
        if url and path.is_relative_to(PROJECT_ROOT):
            reference = dg.UrlCodeReference(url=f"{url}/{path.relative_to(PROJECT_ROOT).as_posix()}", label=path.name)
        else:
            reference = dg.LocalFileCodeReference(file_path=str(path), label=path.name)
        code = dg.CodeReferencesMetadataValue(code_references=[reference])
    return {"docs": docs, "dagster/code_references": code}
