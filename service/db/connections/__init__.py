"""Where the database is, how its connections are opened and kept, and what its errors mean."""
