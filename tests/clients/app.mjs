// A frontend in small. It is configured once, as an Amplify app is, and then runs code that such an app would contain:
// each line of standard input is {token, code, given}, each line of output {value} or {thrown}, with the requests sent.
// In the code, `client` is what generateClient() gave; `queries` and `mutations` are the generated documents by name.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Amplify } from "aws-amplify";
import { decodeJWT } from "aws-amplify/auth";
import { generateClient } from "aws-amplify/data";

const AsyncFunction = (async () => {}).constructor;
const TIME_LIMIT = 30_000; // milliseconds, for one piece of code
const configuration = JSON.parse(process.argv[2]);
const queries = documents("queries");
const mutations = documents("mutations");
let token;
let requests;

const getTokens = async () => ({ accessToken: decodeJWT(token) });
Amplify.configure(configuration, { Auth: { tokenProvider: { getTokens } } });
const client = generateClient();
recordRequests();

for await (const line of createInterface({ input: process.stdin })) {
  const { code, given, ...caller } = JSON.parse(line);
  token = caller.token;
  requests = [];
  const outcome = await Promise.race([run(code, given), timeLimit()]);
  process.stdout.write(`${JSON.stringify({ ...outcome, requests }, plain)}\n`);
}

async function run(code, given) {
  try {
    const body = new AsyncFunction("client", "queries", "mutations", "given", code);
    return { value: await body(client, queries, mutations, given) };
  } catch (thrown) {
    return { thrown };
  }
}

function timeLimit() {
  return new Promise((resolve) => {
    setTimeout(resolve, TIME_LIMIT, { thrown: new Error(`No end after ${TIME_LIMIT} ms`) }).unref();
  });
}

/** The documents of a generated file, by the names that the code generator gives their constants. */
function documents(file) {
  const text = readFileSync(new URL(`inventory/operations/${file}.graphql`, import.meta.url), "utf8");
  const each = text.split(/^(?=query |mutation )/m).slice(1);
  return Object.fromEntries(each.map((document) => [constantName(document), document]));
}

function constantName(document) {
  const [, name] = document.match(/^\w+ (\w+)/);
  return name[0].toLowerCase() + name.slice(1);
}

function recordRequests() {
  const send = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    const request = { url: String(url), headers: Object.fromEntries(new Headers(options.headers)), body: JSON.parse(options.body) };
    requests.push(request);
    const response = await send(url, options);
    request.status = response.status;
    return response;
  };
}

/** Errors have no enumerable message; lazy loaders, being functions, are left out by JSON itself. */
function plain(_key, value) {
  return value instanceof Error ? { name: value.name, message: value.message, ...value } : value;
}
