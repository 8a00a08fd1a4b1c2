"""The licences of what the warehouse runs on, as the installed packages tell them: `make licences` writes the page.

Belongs here: what packages call their licences, and which are allowed. Not here: packages that only tests need.
"""

import re
from importlib.metadata import metadata

from locked import FOLDER, locked
from packaging.licenses import canonicalize_license_expression

PAGE = FOLDER.parent / "docs" / "licences.md"

ALLOWED = {
    # Ask for their notice to be kept, or for nothing.
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Zlib"),
    # What is made with the fonts, PDF files above all, is free of it.
    "OFL-1.1",
    # Bind who changes the package's own files or passes it on; it is installed from the index as it is, and imported.
    *("Artistic-1.0-Perl", "LGPL-3.0-or-later", "MPL-2.0"),
}
"""See CONTRIBUTING.md; identifiers are those of SPDX."""

_CALLED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2": "Apache-2.0",
    "Artistic License": "Artistic-1.0-Perl",
    "BSD License": "BSD-3-Clause",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "ISC License": "ISC",
    "LGPL with exceptions": "LGPL-3.0-or-later",
    "License :: OSI Approved :: MIT License": "MIT",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages without an SPDX expression call their licence, each looked up in the package's own text."""

_OWN = {"antlr4-python3-runtime": "BSD-3-Clause", "olefile": "BSD-2-Clause", "pyasn1-modules": "BSD-2-Clause"}
"""Packages that say "BSD", and which of these licences it is."""

_HEAD = """\
# Licences

Written by `make licences`: what is installed with the project on a server, and under which licence, as the packages
say, by the names of [SPDX](https://spdx.org/licenses/). Which licences are allowed, and why, is in
[CONTRIBUTING.md](../CONTRIBUTING.md#licences). What a wheel has compiled in is in its own licence files, beside it in
`.venv`. The fonts of reports are `manimgx-fonts` and `manimgx-fonts-cjk` (Noto).

| package | licence |
|---|---|
"""


def licence(package: str) -> str:
    """A package's licence as an SPDX expression.

    Raises:
        packaging.licenses.InvalidLicenseExpression: it calls it by a name that nobody has looked up.
    """
    if package in _OWN:
        return _OWN[package]
    told = metadata(package)
    name = told.get("License-Expression") or told.get("License") or ""
    if not name or "\n" in name:
        # Its full text, or nothing.
        classifiers = told.get_all("Classifier") or []
        [name] = [it.rpartition(" :: ")[2] for it in classifiers if it.startswith("License ::")]
    return canonicalize_license_expression(_CALLED.get(name, name))


def ids(expression: str) -> set[str]:
    """The licences of an expression, alternatives too."""
    return set(re.findall(r"[\w.-]+", expression)) - {"AND", "OR", "WITH"}


def page() -> str:
    """The page, with all packages that a server needs."""
    return _HEAD + "".join(f"| {name} | {licence(name)} |\n" for name in sorted(locked("server")))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
