// Bundles the page and the workers of its editors into service/graphql/static.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { leave, named, options, stemsToNames } from "../bundle.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../../service/graphql/static");
const shared = { ...options(here), loader: { ".ttf": "dataurl", ".woff2": "dataurl" } };

const workersResult = await build({
  ...shared,
  entryPoints: {
    editor: "monaco-editor/esm/vs/editor/editor.worker.js",
    graphql: "monaco-graphql/esm/graphql.worker.js",
    json: "monaco-editor/esm/vs/language/json/json.worker.js",
  },
});
const workers = named(workersResult, here, (stem) => `${stem}.worker`);
const pageResult = await build({
  ...shared,
  entryPoints: { graphiql: "src/main.jsx" },
  jsx: "automatic",
  define: { ...shared.define, WORKER_FILES: JSON.stringify(stemsToNames(workers)) },
});
leave({ here, target, page: named(pageResult, here), workers, results: [workersResult, pageResult] });
