"""Offramp: an Amplify API answered from PostgreSQL."""
