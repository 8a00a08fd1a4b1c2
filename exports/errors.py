"""The errors of this package."""


class ExportError(Exception):
    """An export can't be published; what was published before is as it was. One line, for a person."""
