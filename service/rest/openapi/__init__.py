"""The OpenAPI 3.1 document of a catalog, derived from what the door itself goes by."""
