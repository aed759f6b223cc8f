/** What `fetchMore({ variables: { nextToken } })` gives is added to the list; each filter has a list of its own. */
export const pagesInOneList = {
  Query: {
    fields: {
      listProducts: {
        keyArgs: ["filter", "limit"],
        merge: (before, page) => ({ ...page, items: [...(before?.items ?? []), ...page.items] }),
      },
    },
  },
  StockItem: { keyFields: ["warehouseId", "productId", "lot"] },
};
