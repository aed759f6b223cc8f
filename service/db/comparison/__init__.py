"""Whether a database is what the models say, and what would make it so."""
