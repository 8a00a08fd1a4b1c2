"""The catalogue: which marts are exported, and how.

Belongs here: reading and validating catalogue.yml. Not here: publishing.
"""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exports.errors import ExportError

Cadence = Literal["daily", "weekly", "monthly"]


class Export(BaseModel):
    """One export.

    Attributes:
        name: its name, and its folder below EXPORTS_URL.
        source: the source system that feeds it.
        mart: table in schema `marts` with the columns of a periodic mart.
        cadence: the period of the mart's rows; one file holds one period.
        split: `tenant` for a file per tenant, `whole` for one over all tenants.
        formats: file formats.
        columns: columns to publish in this order; all where empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    source: Literal["consulting", "whatsapp", "restaurant", "shop", "erp"]
    mart: str = Field(pattern=r"^[a-z0-9_]+$")
    cadence: Cadence
    split: Literal["tenant", "whole"] = "tenant"
    formats: list[Literal["csv"]] = Field(default=["csv"], min_length=1)
    columns: list[str] = []


def load_exports(path: Path) -> dict[str, Export]:
    """Read and validate the catalogue: exports by name.

    Raises:
        ExportError: the file is missing, is not YAML, or an entry is wrong; the message names the entry.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(f"Export catalogue {path} can't be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise ExportError(f"Export catalogue {path.name} is not valid YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict):
        raise ExportError(f"Export catalogue {path.name} must map export names to entries.")
    exports = {}
    for name, entry in content.items():
        try:
            exports[name] = Export.model_validate({**(entry or {}), "name": name})
        except TypeError:
            raise ExportError(f"Export catalogue {path.name}: {name}: not a mapping.") from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, (name, *fault["loc"])))
            raise ExportError(f"Export catalogue {path.name}: {where}: {fault['msg']}.") from None
    return exports
