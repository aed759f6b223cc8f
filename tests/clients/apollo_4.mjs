// Apollo Client 4 behind the link that AWS publishes for AppSync, as its examples have it.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { createAuthLink } from "aws-appsync-auth-link";
import { pagesInOneList } from "./apollo_cache.mjs";

export { gql };

/** `auth` is { type: "AMAZON_COGNITO_USER_POOLS", jwtToken } or { type: "API_KEY", apiKey }. */
export function makeClient(url, auth) {
  const link = ApolloLink.from([createAuthLink({ url, region: "eu-west-1", auth }), new HttpLink({ uri: url })]);
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies: pagesInOneList }) });
}
