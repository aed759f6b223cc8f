// A frontend in small, the part that is the same for every client. Each line of standard input is {token, code, given}:
// code that an app would contain, run as a caller who has signed in. Each line of output is {value} or {thrown}, with
// the requests that the client sent for it. The address of the API is the first argument, and no other host is asked.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const AsyncFunction = (async () => {}).constructor;
const TIME_LIMIT = 30_000; // milliseconds, for one piece of code

export const [endpoint, variant] = process.argv.slice(2);
export const queries = documents("queries");
export const mutations = documents("mutations");

/** What the client sent for the code that is running: {url, headers, body} and the status of the answer. */
export let requests;

/** Run code that knows `names`, `queries`, `mutations` and `given`, until the input ends. */
export async function runCode(names, signIn) {
  const known = { ...names, queries, mutations };
  for await (const line of createInterface({ input: process.stdin })) {
    const { token, code, given } = JSON.parse(line);
    requests = [];
    await signIn(token);
    const outcome = await Promise.race([run(code, { ...known, given }), timeLimit()]);
    process.stdout.write(`${JSON.stringify({ ...outcome, requests }, plain)}\n`);
  }
  process.exit(); // whatever a client still tries
}

async function run(code, names) {
  try {
    return { value: await new AsyncFunction(...Object.keys(names), code)(...Object.values(names)) };
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
  const text = readFileSync(new URL(`../contracts/data/inventory/operations/${file}.graphql`, import.meta.url), "utf8");
  const each = text.split(/^(?=query |mutation )/m).slice(1);
  return Object.fromEntries(each.map((document) => [constantName(document), document]));
}

function constantName(document) {
  const [, name] = document.match(/^\w+ (\w+)/);
  return name[0].toLowerCase() + name.slice(1);
}

/** What an error says is not enumerable; lazy loaders, being functions, are left out by JSON itself. */
function plain(_key, value) {
  if (!(value instanceof Error)) return value;
  const names = new Set(["name", "message", ...Object.getOwnPropertyNames(value)]);
  names.delete("stack");
  return Object.fromEntries([...names].map((name) => [name, value[name]]));
}

const send = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  if (new URL(url).origin !== new URL(endpoint).origin) {
    throw new TypeError(`${url} is not asked by a test`);
  }
  const headers = Object.fromEntries(new Headers(options.headers));
  const request = { url: String(url), headers, body: JSON.parse(options.body) };
  requests.push(request);
  const response = await send(url, options);
  request.status = response.status;
  return response;
};
