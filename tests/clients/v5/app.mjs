// `aws-amplify` v5. Its API module sends with axios, and its Auth module finds the session that a sign-in left.
import { createRequire } from "node:module";
import { API, Amplify, Auth, graphqlOperation } from "aws-amplify";
import { endpoint, requests, runCode } from "../frontend.mjs";
import awsExports from "../inventory/aws-exports.js";
import { signIn } from "./development_sign_in.js";

const kept = new Map();
const storage = {
  setItem: (key, value) => kept.set(key, value),
  getItem: (key) => kept.get(key) ?? null,
  removeItem: (key) => kept.delete(key),
  clear: () => kept.clear(),
};
Amplify.configure({ ...awsExports, aws_appsync_graphqlEndpoint: endpoint, storage });
recordRequests(createRequire(import.meta.url)("axios"));
await runCode({ API, Auth, graphqlOperation }, (token) => signIn(storage, awsExports, token));

function recordRequests({ interceptors }) {
  interceptors.request.use((config) => {
    const headers = Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value]));
    requests.push({ url: config.url, headers, body: JSON.parse(config.data) });
    return config;
  });
  interceptors.response.use(answered, (error) => Promise.reject(error.response ? answered(error) : error));
}

function answered(outcome) {
  requests.at(-1).status = (outcome.response ?? outcome).status;
  return outcome;
}
