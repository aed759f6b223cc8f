"""The models of the API, and what else it is made of.

Importing this package imports none of its modules; what needs them goes by `MODULES`.
"""

from __future__ import annotations

from service.catalog.model import Provider

MODULES = ("accounts", "inventory")
"""The modules that hold models, in the order of the API."""

DEFAULT_PROVIDER = Provider.USER_POOLS
"""How callers prove who they are where nothing says otherwise."""

TENANT = "organization_id"
"""The attribute that says which organization a row belongs to, in every model that does not say otherwise.

A model without it gets a column of that name. None: rows belong to nobody, and the tables are `legacy`.
"""
