"""What to read or write, as plain data, and the values it runs with: made by the doors, turned into SQL by `sql`."""
