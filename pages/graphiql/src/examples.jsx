// A side panel of example operations; a click opens one in a tab of its own, ready to run.
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";

/** A GraphiQL plugin over `operations`, [{name, text}]; the comment that begins a text is its description. */
export function examplesPlugin(operations) {
  const examples = operations.map(exampleOf);
  return { title: "Examples", icon: ExamplesIcon, content: () => <Examples examples={examples} /> };
}

function exampleOf({ name, text }) {
  const comment = text.match(/^(?:#.*\n)*/)[0].replaceAll(/^# ?/gm, "").trim();
  const [title, ...rest] = comment.split("\n");
  const kind = text.match(/^(query|mutation)\b/m)?.[1] ?? "query";
  return { name, text, kind, title: title || name, description: rest.join(" ") };
}

function Examples({ examples }) {
  const open = useOpenInTab();
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>Each opens in a tab. Run it, then choose another caller above and run it again.</p>
      <ul>
        {examples.map((example) => (
          <li key={example.name}>
            <button type="button" onClick={() => open(example.text)}>
              <span className={`kind ${example.kind}`}>{example.kind}</span>
              <strong>{example.title}</strong>
              {example.description && <span className="description">{example.description}</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Opens a text in the tab that already has it, else in the current tab if that is empty, else in a new one. */
function useOpenInTab() {
  const { tabs, activeTabIndex, queryEditor, variableEditor } = useGraphiQL(
    ({ tabs, activeTabIndex, queryEditor, variableEditor }) => ({ tabs, activeTabIndex, queryEditor, variableEditor }),
  );
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  return (text) => {
    const existing = tabs.findIndex(({ query }) => query === text);
    if (existing >= 0) {
      changeTab(existing);
    } else {
      if (tabs[activeTabIndex].query?.trim()) addTab();
      queryEditor.setValue(text);
      variableEditor?.setValue("");
      updateActiveTabValues({ query: text, variables: "", operationName: null });
    }
    queryEditor.focus();
  };
}

function ExamplesIcon(props) {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" {...props}>
      <path d="M3 3.5h14v13H3zM3 7.5h14" />
      <path d="m6.5 10.5 2 1.5-2 1.5M10.5 13.5h3" strokeLinecap="round" />
    </svg>
  );
}
