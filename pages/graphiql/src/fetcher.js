// Sends operations as the chosen caller and reports each answer, so that the page can say who it was for.

/** @param report called with {caller, status, milliseconds} after each operation, but not after introspection */
export function createFetcher(endpoint, currentCaller, report) {
  return async function fetcher(params, options) {
    if (isSubscription(params, options?.documentAST)) {
      return { errors: [{ message: "This page sends queries and mutations only; a subscription needs a client." }] };
    }
    const caller = currentCaller();
    const started = performance.now();
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", ...caller.headers, ...options?.headers },
      body: JSON.stringify(params),
    });
    const answer = await parseAnswer(response);
    if (params.operationName !== "IntrospectionQuery") {
      report({ caller, status: response.status, milliseconds: Math.round(performance.now() - started) });
    }
    return answer;
  };
}

async function parseAnswer(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `The answer (status ${response.status}) is not JSON: ${text.slice(0, 200)}` }] };
  }
}

function isSubscription({ operationName }, document) {
  const operations = document?.definitions.filter(({ kind }) => kind === "OperationDefinition") ?? [];
  const chosen = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return chosen?.operation === "subscription";
}

/** The command that sends the same request, {query, variables}, from a terminal. */
export function curlCommand(endpoint, caller, request) {
  const body = JSON.stringify(request);
  const headers = { "content-type": "application/json", ...caller.headers };
  const options = Object.entries(headers).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)}`);
  return [`curl ${quoted(new URL(endpoint, location.href).href)}`, ...options, `  --data ${quoted(body)}`].join(" \\\n");
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
