"""The tables of a catalog: columns, keys, indexes, constraints, and what a row's version is raised by."""
