"""Who asks, and what PostgreSQL lets them see and change: one of the two layers that keep organizations apart."""
