// What the builds of the pages share. A build bundles `src/` with esbuild and leaves in the service's `static/` folder:
// gzipped files named by their content, the manifest that the service reads, and the licences of what is inside.
// The same inputs give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Options of esbuild for a page whose folder is `here`. */
export function options(here) {
  return {
    absWorkingDir: here,
    bundle: true,
    format: "iife",
    legalComments: "none", // LICENSES.txt has the full texts
    metafile: true,
    minify: true,
    outdir: "out",
    target: "es2022",
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
  };
}

/** [{stem, extension, name, contents}]: the name carries a hash of the contents, so that it may be cached for ever. */
export function named(result, here, rename = (stem) => stem) {
  return result.outputFiles.map(({ path, contents }) => {
    const [stem, extension] = relative(join(here, "out"), path).split(".");
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
    return { stem, extension, name: `${rename(stem)}-${hash}.${extension}`, contents };
  });
}

/** The name of each file by its stem. */
export function stemsToNames(files) {
  return Object.fromEntries(files.map(({ stem, name }) => [stem, name]));
}

/** Leave a page in `target`: its own files, those of its workers, and what is known about them. */
export function leave({ here, target, page, workers = [], results }) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const { name, contents } of [...workers, ...page]) {
    writeFileSync(join(target, `${name}.gz`), gzipped(contents));
  }
  const bundled = Object.assign({}, ...results.map(({ metafile }) => metafile.inputs));
  writeFileSync(join(target, "LICENSES.txt"), licences(bundled, here));
  writeFileSync(join(target, "manifest.json"), `${JSON.stringify(manifest(here, page, workers), null, 2)}\n`);
}

function gzipped(contents) {
  const bytes = gzipSync(contents, { level: 9 });
  bytes[9] = 255; // the operating system it was made on says nothing about it
  return bytes;
}

function manifest(here, page, workers) {
  const [script] = page.filter(({ extension }) => extension === "js");
  const [style] = page.filter(({ extension }) => extension === "css");
  return { inputs: inputsHash(here), script: script.name, style: style.name, workers: stemsToNames(workers) };
}

/** What tests/pages compares with the sources, to notice a bundle that is older than they are. */
function inputsHash(here) {
  const names = ["build.mjs", "package-lock.json", ...readdirSync(join(here, "src")).map((name) => `src/${name}`)];
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of names.sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(here, name))).update("\0");
  }
  return hash.digest("hex");
}

function licences(bundled, here) {
  const folders = new Set(Object.keys(bundled).map(packageFolder).filter(Boolean));
  return [...folders].sort().map((folder) => licenceOf(join(here, folder))).join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(path) {
  return path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
  const names = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|thirdparty)/i.test(file)).sort();
  const files = names.flatMap((name) => filesAt(join(folder, name)));
  const texts = files.map((file) => readFileSync(file, "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n") + "\n";
}

/** The file itself, or the files of a folder: some packages have a folder of licences. */
function filesAt(path) {
  return statSync(path).isDirectory() ? readdirSync(path).sort().map((name) => join(path, name)) : [path];
}
