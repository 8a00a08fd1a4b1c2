"""What stands in an HTML page, read without a browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("meta", "br")


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, *names: str, **attributes: str) -> list["Element"]:
        """Elements within, in order, of any of the names and with the attributes."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if (not names or child.name in names) and wanted.items() <= child.attributes.items():
                    found.append(child)
                found += child.all(*names, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        assert len(element.attributes) == len(attrs), f"{tag} has an attribute twice"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"{tag} is closed in the wrong place"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: bytes) -> Element:
    """The page's tree, in which every element is closed where it should be."""
    reader = _Reader()
    reader.feed(page.decode())
    reader.close()
    assert reader.open == [reader.root]
    return reader.root
