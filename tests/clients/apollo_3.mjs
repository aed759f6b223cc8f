// Apollo Client 3 with headers of the app's own making.
import { ApolloClient, HttpLink, InMemoryCache, from, gql } from "apollo-client-3/core/index.js";
import { setContext } from "apollo-client-3/link/context/index.js";
import { pagesInOneList } from "./apollo_cache.mjs";

export { gql };

/** `auth` is { jwtToken } or { apiKey }. */
export function makeClient(uri, auth) {
  const signedIn = setContext(async (_operation, { headers }) => ({
    headers: { ...headers, ...(auth.apiKey ? { "x-api-key": auth.apiKey } : { authorization: await auth.jwtToken() }) },
  }));
  const link = from([signedIn, new HttpLink({ uri })]);
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies: pagesInOneList }) });
}
