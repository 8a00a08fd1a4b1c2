"""What dbt reads once more of a project that changed.

Belongs here: what goes with what is read once more. Not here: when the project is read (orchestration/dbt.py).

dbt reads a test of several models once more with a model that changed, without what YAML says of it: Dagster would
not know whose check it is any more, and show none, until the project is read in full.
"""

from dbt.contracts.files import ParseFileType
from dbt.parser import partial

_keys, _prefixes = partial.parse_file_type_to_key, partial.key_to_prefix

KEYS = _keys | {ParseFileType.SingularTest: "data_tests"}
"""Kind of file → where YAML tells of what is in it."""

PREFIXES = _prefixes | {"data_tests": "test"}
"""The same place → how ids of such nodes begin."""
