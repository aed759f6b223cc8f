// Prisma 7 (its query compiler, and node-postgres) behind GraphQL Yoga, with Amplify's shape of API.
import { createServer } from "node:http";
import { createYoga, createSchema } from "graphql-yoga";
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10 }) });

const typeDefs = /* GraphQL */ `
  scalar AWSDateTime
  input ModelIDInput { eq: ID ne: ID }
  input ModelStringInput { eq: String ne: String contains: String beginsWith: String }
  input ModelFloatInput { eq: Float ne: Float lt: Float le: Float gt: Float ge: Float between: [Float!] }
  input ModelProductFilterInput {
    organizationId: ModelIDInput categoryId: ModelIDInput name: ModelStringInput status: ModelStringInput
    price: ModelFloatInput and: [ModelProductFilterInput!] or: [ModelProductFilterInput!]
  }
  input ModelPurchaseOrderFilterInput { organizationId: ModelIDInput status: ModelStringInput }
  input CreateProductInput {
    id: ID organizationId: ID! categoryId: ID! name: String! sku: String! description: String
    price: Float! cost: Float! unit: String! status: String! quantity: Int!
  }
  input DeleteProductInput { id: ID! }
  type Product {
    id: ID! name: String! sku: String! description: String price: Float! cost: Float! unit: String! status: String!
    quantity: Int! createdAt: AWSDateTime!
  }
  type Supplier { id: ID! name: String! email: String }
  type ModelProductConnection { items: [Product]! nextToken: String }
  type PurchaseOrderItem { id: ID! quantity: Int! unitPrice: Float! product: Product }
  type ModelPurchaseOrderItemConnection { items: [PurchaseOrderItem]! nextToken: String }
  type PurchaseOrder {
    id: ID! orderNumber: String! status: String! total: Float! orderedAt: AWSDateTime! supplier: Supplier
    items(limit: Int): ModelPurchaseOrderItemConnection
  }
  type ModelPurchaseOrderConnection { items: [PurchaseOrder]! nextToken: String }
  type Query {
    getProduct(id: ID!): Product
    listProducts(filter: ModelProductFilterInput, limit: Int, nextToken: String): ModelProductConnection
    listPurchaseOrders(filter: ModelPurchaseOrderFilterInput, limit: Int, nextToken: String): ModelPurchaseOrderConnection
  }
  type Mutation {
    createProduct(input: CreateProductInput!): Product
    deleteProduct(input: DeleteProductInput!): Product
  }
`;

const OPERATORS = {
  eq: "equals", ne: "not", lt: "lt", le: "lte", gt: "gt", ge: "gte", contains: "contains", beginsWith: "startsWith",
};
const comparison = ({ between, ...rest }) => ({
  ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [OPERATORS[name], value])),
  ...(between ? { gte: between[0], lte: between[1] } : {}),
});
const where = (filter) =>
  Object.fromEntries(
    Object.entries(filter ?? {}).map(([name, value]) =>
      name === "and" || name === "or" ? [name.toUpperCase(), value.map(where)] : [name, comparison(value)],
    ),
  );

const orderBy = { id: "asc" };
const page = async (model, { filter, limit, nextToken }, more = {}) => {
  const take = limit ?? 100;
  const cursor = nextToken ? { cursor: { id: Buffer.from(nextToken, "base64url").toString() }, skip: 1 } : {};
  const items = await model.findMany({ where: where(filter), take, orderBy, ...cursor, ...more });
  return { items, nextToken: items.length === take ? Buffer.from(items[take - 1].id).toString("base64url") : null };
};

const lines = { take: 100, orderBy, include: { product: true } };
const resolvers = {
  Query: {
    getProduct: (_, { id }) => prisma.product.findUnique({ where: { id } }),
    listProducts: (_, args) => page(prisma.product, args),
    listPurchaseOrders: (_, args) => page(prisma.purchaseOrder, args, { include: { supplier: true, items: lines } }),
  },
  Mutation: {
    createProduct: (_, { input }) => prisma.product.create({ data: input }),
    deleteProduct: (_, { input }) => prisma.product.delete({ where: { id: input.id } }),
  },
  Product: { createdAt: (row) => row.createdAt.toISOString() },
  PurchaseOrder: {
    orderedAt: (row) => row.orderedAt.toISOString(),
    items: (row) => ({ items: row.items, nextToken: null }),
  },
};

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), graphiql: false, logging: "error" });
createServer(yoga).listen(Number(process.env.PORT), "127.0.0.1");
