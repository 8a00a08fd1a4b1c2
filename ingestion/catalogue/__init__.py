"""What is read, and how: the catalogue's entries, and what a source's own catalog adds to them."""
