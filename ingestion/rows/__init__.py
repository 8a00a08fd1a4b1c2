"""A row's values: the raw layer's types, conversion into them, and the hash of a row."""
