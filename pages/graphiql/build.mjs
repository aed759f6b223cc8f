// Bundles the page into service/graphql/static: gzipped files named by their content, the manifest that the service
// reads, and the licences of what is inside. The same inputs give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../../service/graphql/static");
const inputs = ["build.mjs", "package-lock.json", ...readdirSync(join(here, "src")).map((name) => `src/${name}`)].sort();

const shared = {
  absWorkingDir: here,
  bundle: true,
  format: "iife",
  legalComments: "none", // LICENSES.txt has the full texts
  loader: { ".ttf": "dataurl", ".woff2": "dataurl" },
  metafile: true,
  minify: true,
  outdir: "out",
  target: "es2022",
  write: false,
  define: { "process.env.NODE_ENV": '"production"' },
};

const workers = await build({
  ...shared,
  entryPoints: {
    editor: "monaco-editor/esm/vs/editor/editor.worker.js",
    graphql: "monaco-graphql/esm/graphql.worker.js",
    json: "monaco-editor/esm/vs/language/json/json.worker.js",
  },
});
const workerFiles = named(workers, (stem) => `${stem}.worker`);
const page = await build({
  ...shared,
  entryPoints: { graphiql: "src/main.jsx" },
  jsx: "automatic",
  define: { ...shared.define, WORKER_FILES: JSON.stringify(stemsToNames(workerFiles)) },
});
const pageFiles = named(page, (stem) => stem);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const { name, contents } of [...workerFiles, ...pageFiles]) {
  writeFileSync(join(target, `${name}.gz`), gzipped(contents));
}
writeFileSync(join(target, "LICENSES.txt"), licences({ ...workers.metafile.inputs, ...page.metafile.inputs }));
writeFileSync(join(target, "manifest.json"), `${JSON.stringify(manifest(), null, 2)}\n`);

/** [{stem, extension, name, contents}]: the name carries a hash of the contents, so that it may be cached for ever. */
function named(result, rename) {
  return result.outputFiles.map(({ path, contents }) => {
    const [stem, extension] = relative(join(here, "out"), path).split(".");
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
    return { stem, extension, name: `${rename(stem)}-${hash}.${extension}`, contents };
  });
}

function stemsToNames(files) {
  return Object.fromEntries(files.map(({ stem, name }) => [stem, name]));
}

function gzipped(contents) {
  const bytes = gzipSync(contents, { level: 9 });
  bytes[9] = 255; // the operating system it was made on says nothing about it
  return bytes;
}

function manifest() {
  const [script] = pageFiles.filter(({ extension }) => extension === "js");
  const [style] = pageFiles.filter(({ extension }) => extension === "css");
  return { inputs: inputsHash(), script: script.name, style: style.name, workers: stemsToNames(workerFiles) };
}

/** What tests/pages compares with the sources, to notice a bundle that is older than they are. */
function inputsHash() {
  const hash = createHash("sha256");
  for (const name of inputs) {
    hash.update(`${name}\0`).update(readFileSync(join(here, name))).update("\0");
  }
  return hash.digest("hex");
}

function licences(bundled) {
  const folders = new Set(Object.keys(bundled).map(packageFolder).filter(Boolean));
  return [...folders].sort().map(licenceOf).join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(path) {
  return path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json")));
  const files = readdirSync(join(here, folder)).filter((file) => /^(licen[cs]e|notice|thirdparty)/i.test(file)).sort();
  const texts = files.map((file) => readFileSync(join(here, folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n") + "\n";
}
