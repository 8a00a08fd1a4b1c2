"""What several tests of the tree read."""

from typing import Any

import pytest
from parsed_project import ParsedProject


@pytest.fixture(scope="session")
def manifest(parsed_project: ParsedProject) -> dict[str, Any]:
    """The dbt project, parsed without a warning."""
    return parsed_project.manifest
