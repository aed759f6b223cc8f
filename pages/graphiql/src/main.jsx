// The page: GraphiQL below a bar that says who asks, with example operations beside the documentation and the history.
import "./workers.js";
import { useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { GraphiQLProvider } from "@graphiql/react";
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { AnswerNote, CallerBar, useCaller } from "./callers.jsx";
import { examplesPlugin } from "./examples.jsx";
import { createFetcher } from "./fetcher.js";
import "@graphiql/react/font/roboto.css";
import "@graphiql/react/font/fira-code.css";
import "@graphiql/react/style.css";
import "graphiql/graphiql.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "./page.css";

const EMPTY_TAB = `# Write an operation here. Ctrl-Space suggests what fits, Ctrl-Enter runs it.
# The book on the left is the documentation, made from the schema.

`;

function Page({ endpoint, callers, operations }) {
  const chosen = useCaller(callers);
  const caller = useRef(chosen.caller);
  caller.current = chosen.caller;
  const [answer, setAnswer] = useState(null);
  // GraphiQL loads the schema anew whenever the fetcher changes, so this one stays and looks up the caller.
  const fetcher = useMemo(() => createFetcher(endpoint, () => caller.current, setAnswer), [endpoint]);
  const examples = useMemo(() => (operations.length > 0 ? [examplesPlugin(operations)] : []), [operations]);
  const plugins = useMemo(() => [...examples, DOC_EXPLORER_PLUGIN, explorerPlugin(), HISTORY_PLUGIN], [examples]);
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={plugins}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      visiblePlugin={examples[0]}
      defaultQuery={operations[0]?.text ?? EMPTY_TAB}
    >
      <HistoryStore>
        <DocExplorerStore>
          <CallerBar endpoint={endpoint} offered={callers} chosen={chosen} />
          <GraphiQLInterface showPersistHeadersSettings={false}>
            <GraphiQL.Logo>
              <span className="graphiql-name">GraphiQL</span>
            </GraphiQL.Logo>
            <GraphiQL.Footer>
              <AnswerNote answer={answer} caller={chosen.caller} />
            </GraphiQL.Footer>
          </GraphiQLInterface>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}

const settings = JSON.parse(document.getElementById("settings").textContent);
createRoot(document.getElementById("page")).render(<Page {...settings} />);
