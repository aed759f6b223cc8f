"""The light schema leads from any type or field back to the catalog."""

from __future__ import annotations

from graphql import GraphQLObjectType, GraphQLSchema, introspection_from_schema
from graphql.utilities import build_client_schema, print_schema

from service.catalog.model import Access, Root
from service.catalog.packaged import shipped
from service.graphql.light import light_schema
from service.graphql.roots import root_fields

CATALOG = shipped()
SCHEMA = light_schema(CATALOG)


def object_type(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = schema.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    return found


def test_types_lead_to_the_catalog():
    product = CATALOG.model_by_name["Product"]
    assert object_type(SCHEMA, "Product").extensions["model"] is product
    assert object_type(SCHEMA, "ModelProductConnection").extensions["connection_of"] is product
    assert object_type(SCHEMA, "Dimensions").extensions["object"] is CATALOG.object_by_name["Dimensions"]


def test_fields_lead_to_the_catalog():
    product = CATALOG.model_by_name["Product"]
    fields = object_type(SCHEMA, "Product").fields
    assert fields["sku"].extensions["field"] is product.field_by_name["sku"]
    assert fields["stockItems"].extensions["relation"] is product.relation_by_name["stockItems"]
    assert fields["category"].extensions["relation"] is product.relation_by_name["category"]


def test_every_root_field_leads_to_its_meaning():
    roots = root_fields(CATALOG)
    shown = {
        (root, name): field.extensions["operation"]
        for root in Root
        for name, field in object_type(SCHEMA, root).fields.items()
    }
    assert shown == roots
    assert len(roots) == 57 + 41 + 39


def test_what_a_root_field_needs():
    roots = root_fields(CATALOG)
    assert roots[Root.QUERY, "getProduct"].access is Access.GET
    assert roots[Root.QUERY, "productBySku"].access is Access.LIST
    assert roots[Root.MUTATION, "deleteRole"].access is Access.DELETE
    assert roots[Root.SUBSCRIPTION, "onCreateRole"].access is Access.LISTEN
    assert roots[Root.SUBSCRIPTION, "onCreateRole"].mutations == ("createRole",)
    assert roots[Root.QUERY, "reorderSuggestions"].access is None


def test_introspection_describes_the_whole_schema():
    told = build_client_schema(introspection_from_schema(SCHEMA))
    assert print_schema(told) == print_schema(SCHEMA)
