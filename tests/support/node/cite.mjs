// Reads a bibliography (BibTeX or RIS) from stdin with Citation.js and writes it as CSL-JSON: node cite.mjs FORMAT
import { readFileSync } from "node:fs";
import { plugins, Cite } from "@citation-js/core";
import "@citation-js/plugin-bibtex";
import "@citation-js/plugin-ris";

const [format] = process.argv.slice(2);
const type = { bib: "@bibtex/text", ris: "@ris/file" }[format];
const cite = new Cite(readFileSync(0, "utf8"), { forceType: type, generateGraph: false });
process.stdout.write(JSON.stringify(cite.data));
