// Apollo Client, version 3 or 4: `client` sends the caller's token, `guest` the API key. Both start with empty caches.
import { endpoint, runCode, variant } from "./frontend.mjs";
import awsExports from "./inventory/aws-exports.js";

const { gql, makeClient } = await import(`./apollo_${variant}.mjs`);
const apiKey = awsExports.aws_appsync_apiKey;
let token;
const client = makeClient(endpoint, { type: "AMAZON_COGNITO_USER_POOLS", jwtToken: async () => token });
const guest = makeClient(endpoint, { type: "API_KEY", apiKey });

await runCode({ client, guest, gql, graphQLErrors }, async (given) => {
  token = given;
  await Promise.all([client.clearStore(), guest.clearStore()]);
});

/** Version 4 throws the errors of the answer as one error with `errors`, version 3 with `graphQLErrors`. */
function graphQLErrors(error) {
  return error.errors ?? error.graphQLErrors;
}
