"""Plans → the statements that PostgreSQL gets. Nothing here runs one: `repository` does."""
