"""The database: models are declared here, plans become SQL here, and nothing else speaks to PostgreSQL."""
