"""JSON schemas of what is written in YAML, which dbt derives from its classes in each process.

Belongs here: what they leave out. Not here: what is validated.
"""

from dataclasses import MISSING
from typing import Any

from mashumaro.jsonschema import schema

_default = schema._default


def leave_out_default(field_type: Any, value: Any, config: Any) -> Any:
    """No default of a field: a class is made and compiled to write each down, and no validation looks at it.

    Source: https://json-schema.org/draft-07/json-schema-validation, section 10.2
    """
    return MISSING
