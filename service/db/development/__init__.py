"""A PostgreSQL for development and tests, which nothing on Lambda needs."""
