"""A row's values: the raw layer's types, conversion into them, and the hash of a row."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa


class _NoPandas(MetaPathFinder):
    """Has pyarrow take pandas for absent, which it else imports with the first array: a third of a second.

    It asks once, in case values are of pandas. None are of it here; where another library does convert tables for
    pandas, pyarrow asks again.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Tell that there is no pandas."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


sys.meta_path.insert(0, finder := _NoPandas())
pa.array([None])
sys.meta_path.remove(finder)
del finder
