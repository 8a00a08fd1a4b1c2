"""Files in which somebody declares what is published.

Belongs here: reading one, and telling what is wrong with it and where. Not here: what may be declared (catalogue.py,
reports/declaration.py).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from exports.errors import ExportError
from ingestion.yaml_files import NothingTwice

_Entry = TypeVar("_Entry")


def read_entries(path: Path, what: str, read: Callable[[Any, Any], _Entry]) -> dict[str, _Entry]:
    """The entries of a YAML file, by name.

    Args:
        path: the file.
        what: it is called in messages: "Export catalogue".
        read: makes an entry of its name and what is said of it; it may raise ValueError, pydantic's included.

    Raises:
        ExportError: the file is missing, is not YAML, or an entry is wrong; the message names the entry.
    """
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8"), NothingTwice)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ExportError(f"{what} {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ExportError(f"{what} {path.name} is no text in UTF-8: save it as such.") from None
    except yaml.YAMLError as error:
        raise ExportError(f"{what} {path.name} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict):
        raise ExportError(f"{what} {path.name} must map names to entries.")
    entries = {}
    for name, told in content.items():
        try:
            entries[name] = read(name, told)
        except TypeError:
            raise ExportError(f"{what} {path.name}: {name}: not a mapping.") from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, (name, *fault["loc"])))
            raise ExportError(f"{what} {path.name}: {where}: {fault['msg'].removeprefix('Value error, ')}.") from None
        except ValueError as error:
            raise ExportError(f"{what} {path.name}: {error}.") from None
    return entries
