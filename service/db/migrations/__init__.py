"""Changing the tables of a database that has rows and clients. The revisions themselves are in `alembic/versions/`."""
