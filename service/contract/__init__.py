"""What was promised to clients that are already out there, and whether it is still kept. Knows no database."""
