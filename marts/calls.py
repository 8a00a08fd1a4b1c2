"""How a call of a macro is written in a dbt model: values as Jinja and YAML read them alike, and lists line by line."""

import json
from collections.abc import Iterable, Mapping


def call(macro: str, *arguments: str) -> str:
    """A call, given arguments that are written already."""
    return "\n".join([f"{macro}(", *(indented(f"{argument},") for argument in arguments), ")"])


def ref(model: str) -> str:
    """A reference to a model."""
    return f"ref({literal(model)})"


def listed(values: Iterable[str]) -> str:
    """A list of what is written already, a line each."""
    lines = [indented(f"{value},") for value in values]
    return "\n".join(["[", *lines, "]"]) if lines else "[]"


def literal(value: object) -> str:
    """A value, as JSON has it."""
    return json.dumps(value, ensure_ascii=False)


def mapping(values: Mapping[str, object]) -> str:
    """A mapping of such values on one line."""
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in values.items()) + "}"


def indented(text: str) -> str:
    """Lines one step further in."""
    return "\n".join(f"    {line}" for line in text.split("\n"))
