// Who the operations are sent as: one of the callers the server offers, or the holder of a pasted token or API key.
import { useEffect, useId, useState } from "react";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { curlCommand } from "./fetcher.js";

const REMEMBERED = "offramp:caller"; // the label alone: tokens are never stored
const PASTED = "Your own token or key";

/** The chosen caller, {label, headers}, and how to choose another. */
export function useCaller(offered) {
  const [label, setLabel] = useState(() => initialLabel(offered));
  const [secret, setSecret] = useState("");
  const choose = (next) => {
    sessionStorage.setItem(REMEMBERED, next);
    setLabel(next);
  };
  const caller = offered.find((each) => each.label === label) ?? { label: PASTED, headers: headersOf(secret) };
  return { caller, choose, secret, setSecret };
}

function initialLabel(offered) {
  const remembered = sessionStorage.getItem(REMEMBERED);
  const known = remembered === PASTED || offered.some(({ label }) => label === remembered);
  return known ? remembered : (offered[0]?.label ?? PASTED);
}

/** A JWT has three parts and goes in `authorization`, bare, as the Amplify client sends it; anything else is an API key. */
function headersOf(secret) {
  const bare = secret.trim().replace(/^Bearer\s+/i, "");
  if (!bare) return {};
  return bare.split(".").length === 3 ? { authorization: bare } : { "x-api-key": bare };
}

export function CallerBar({ endpoint, offered, chosen }) {
  const { caller, choose, secret, setSecret } = chosen;
  const id = useId();
  useSchemaRetry(caller);
  return (
    <header className="caller-bar">
      <h1>Offramp</h1>
      <label htmlFor={id}>Caller</label>
      <select id={id} value={caller.label} onChange={(event) => choose(event.target.value)}>
        {offered.map(({ label }) => (
          <option key={label}>{label}</option>
        ))}
        <option>{PASTED}</option>
      </select>
      {caller.label === PASTED && (
        <input
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-label="Token or API key"
          placeholder="Paste an access token, an id token or an API key"
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
        />
      )}
      <SentHeader headers={caller.headers} />
      <CopyCurl endpoint={endpoint} caller={caller} />
    </header>
  );
}

function SentHeader({ headers }) {
  const names = Object.keys(headers);
  if (names.length === 0) return <span className="sent">sends no credentials</span>;
  return (
    <span className="sent">
      {names.map((name) => (
        <code key={name} title={headers[name]}>
          {name}: {headers[name].length > 16 ? `${headers[name].slice(0, 16)}…` : headers[name]}
        </code>
      ))}
    </span>
  );
}

function CopyCurl({ endpoint, caller }) {
  const { queryEditor, variableEditor } = useGraphiQL(({ queryEditor, variableEditor }) => ({ queryEditor, variableEditor }));
  const [note, setNote] = useState(null);
  const copy = async () => {
    setNote(await copied(endpoint, caller, queryEditor?.getValue() ?? "", variableEditor?.getValue() ?? ""));
    setTimeout(() => setNote(null), 2000);
  };
  return (
    <button type="button" className="copy-curl" onClick={copy} aria-live="polite">
      {note ?? "Copy as curl"}
    </button>
  );
}

async function copied(endpoint, caller, query, variables) {
  try {
    const request = { query, variables: variables.trim() ? JSON.parse(variables) : undefined };
    await navigator.clipboard.writeText(curlCommand(endpoint, caller, request));
    return "Copied";
  } catch (error) {
    return error instanceof SyntaxError ? "The variables are not JSON" : "The browser did not allow it";
  }
}

/** Asks for the schema again when it was refused to one caller and another is chosen; it is the same for all of them. */
function useSchemaRetry(caller) {
  const { refused } = useGraphiQL(({ fetchError }) => ({ refused: Boolean(fetchError) }));
  const { introspect } = useGraphiQLActions();
  const credentials = Object.values(caller.headers).join();
  useEffect(() => {
    if (!refused || !credentials) return undefined;
    const typing = setTimeout(introspect, 400);
    return () => clearTimeout(typing);
    // A second refusal is no reason to ask a third time.
  }, [credentials]);
}

/** Says for whom the answer in the current tab was made, above all when another caller was chosen since. */
export function AnswerNote({ answer, caller }) {
  const { run } = useGraphiQLActions();
  const { tab } = useGraphiQL(({ tabs, activeTabIndex }) => ({ tab: tabs[activeTabIndex].id }));
  const [answers, setAnswers] = useState({});
  useEffect(() => {
    if (answer) setAnswers((earlier) => ({ ...earlier, [tab]: answer }));
    // An answer belongs to the tab it came in; going to another tab later does not move it.
  }, [answer]);
  const shown = answers[tab];
  if (!shown) return null;
  return (
    <div className="answer-note" role="status">
      <span>
        Answered to <strong>{shown.caller.label}</strong> · {shown.status} · {shown.milliseconds} ms
      </span>
      {shown.caller.label !== caller.label && (
        <button type="button" onClick={run}>
          Run as {caller.label}
        </button>
      )}
    </div>
  );
}
