// A client whose every name and type was made from the OpenAPI document: what is wrong here does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./made/api";

const [url, token, organization] = process.argv.slice(2);
const api = createClient<paths>({
  baseUrl: url,
  headers: { authorization: `Bearer ${token}` },
  querySerializer: { array: { style: "form", explode: false } },
});

type NewProduct = components["schemas"]["Product.Create"];
const lamp: NewProduct = { organizationId: organization, sku: "LAMP-3", name: "Gas lamp", price: 42, ratings: [], unit: "EACH" };

const created = await api.POST("/v1/products", { body: lamp, params: { header: { "Idempotency-Key": "typed-1" } } });
const id = created.data!.id!;
const tag = created.response.headers.get("etag")!;

const listed = await api.GET("/v1/products", {
  params: { query: { price: { ge: 10, lt: 50 }, name: { beginsWith: "Gas" }, sort: ["-sku"], fields: ["name", "price"] } },
});
const page: components["schemas"]["rest.Page"] = listed.data!.page;

const changed = await api.PATCH("/v1/products/{id}", {
  params: { path: { id }, header: { "If-Match": tag } },
  body: { price: 45 },
});
const stale = await api.PATCH("/v1/products/{id}", {
  params: { path: { id }, header: { "If-Match": tag } },
  body: { price: 46 },
});
const wrong = await api.POST("/v1/products", {
  // @ts-expect-error a price is a number, and there is no such field
  body: { ...lamp, price: "cheap", colour: "red" },
});
const gone = await api.DELETE("/v1/products/{id}", { params: { path: { id } } });

console.log(
  JSON.stringify({
    created: [created.response.status, created.data?.unit],
    listed: [listed.data!.data, page.hasMore],
    changed: [changed.response.status, changed.data?.price],
    stale: [stale.response.status, stale.error?.code],
    wrong: wrong.error?.errors?.map((each) => [each.pointer, each.code]),
    gone: gone.response.status,
  }),
);
