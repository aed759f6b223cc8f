// Bundles the page into service/rest/static.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { leave, named, options } from "../bundle.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../../service/rest/static");

const result = await build({ ...options(here), entryPoints: { docs: "src/main.js" } });
leave({ here, target, page: named(result, here), results: [result] });
