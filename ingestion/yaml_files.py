"""YAML that people write.

Belongs here: how it is read, wherever it is. Not here: what a file may say.
"""

from collections.abc import Hashable
from typing import Any

import yaml


class NothingTwice(yaml.CSafeLoader):
    """Refuses what is said twice: of two entries of one name YAML keeps the last, without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """See `SafeConstructor.construct_mapping`."""
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"{', '.join(sorted(twice))}: twice", node.start_mark)
        return super().construct_mapping(node, deep)
