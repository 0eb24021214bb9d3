// Puts the page together: node assemble.mjs WASM FOLDER REPOSITORY. The folder gets the page for a static host, and in it tcpcheck.html, which
// is the same in one file. The content security policy names the scripts and styles of the reports by their digests, which are taken from
// reports that this very WebAssembly makes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const [wasmPath, folder, repository] = process.argv.slice(2);
const here = import.meta.dirname;
const page = (name) => readFileSync(join(here, "page", name), "utf8");
const fixture = (name) => readFileSync(join(here, "..", "fixtures", name));
const digest = (text) => createHash("sha256").update(text).digest("base64");
const wasm = readFileSync(wasmPath);
const examples = JSON.parse(page("examples.json"));

// What the WebAssembly writes for these files, by name.
const answer = new Function(`${page("engine.js")}; return answer;`)();
const module = new WebAssembly.Module(wasm);
const made = async (task, files, more = {}) => {
  const contents = files.map(fixture);
  const found = [];
  const ears = {
    read() {},
    packets() {},
    give(name, bytes) {
      const text = new TextDecoder().decode(bytes);
      if (name === "error" || name === "panic") throw new Error(`${files}: ${text}`);
      found.push(text);
    },
  };
  await answer(module, (file, from, to) => new Uint8Array(contents[file].subarray(from, to)), ears, { task, files, ...more });
  return found;
};
const pair = ["compare/reset-client.pcap", "compare/reset-server.pcap"];
const documents = [
  ...(await made("report", [examples[0].files[0]])),
  ...(await made("connection", ["loss/timeout.pcap"], { flow: 1 })),
  ...(await made("compare", pair)),
];
// Around a picture that stands in a frame alone.
const bare = "body { margin: 0; padding: 8px; background: #ffffff; } @media (prefers-color-scheme: dark) { body { background: #14181d; } } svg { max-width: none; }";
documents.push(`<style>${bare}</style>`);
const digests = (name) => {
  const found = documents.flatMap((text) => [...text.matchAll(new RegExp(`<${name}[^>]*>([^]*?)</${name}>`, "g"))].map((match) => match[1]));
  return [...new Set(found.map((text) => `'sha256-${digest(text)}'`))].join(" ");
};

const policy = (own) =>
  [
    "default-src 'none'",
    `script-src 'wasm-unsafe-eval' ${own.scripts} ${digests("script")}`,
    `style-src ${own.styles} ${digests("style")}`,
    `img-src data: ${own.images}`,
    `connect-src ${own.connections}`,
    `worker-src blob: ${own.workers}`,
    `manifest-src ${own.connections}`,
    "base-uri about:",
    "form-action 'none'",
  ]
    .map((line) => line.trim().replace(/ +/g, " "))
    .join("; ");

const worker = `${page("engine.js")}\n${page("worker.js")}`;
// In a script nothing may look like its end.
const data = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");
if (/<\/script|<!--/i.test(worker + page("app.js"))) throw new Error("a script holds what would end it");

/** The page with these parts. */
const document = ({ policy, head, parts, script }) =>
  page("index.html")
    .replace("@POLICY@", () => policy)
    .replace("@HEAD@", () => head)
    .replace("@BODY@", () => `<script type="application/json" id="parts">${data(parts)}</script>\n<script type="text/plain" id="worker">${worker}</script>\n${script}`)
    .replaceAll("@DOCS@", `${repository}#readme`)
    .replaceAll("@SINGLE@", "tcpcheck.html");

mkdirSync(join(folder, "examples"), { recursive: true });
const written = new Map();
const write = (name, content) => {
  written.set(name, content);
  writeFileSync(join(folder, name), content);
};
const listed = (file) => examples.map((example) => ({ ...example, files: example.files.map(file) }));
write("tcpcheck.wasm", wasm);
for (const name of ["app.js", "style.css", "manifest.webmanifest", "icon.svg"]) write(name, page(name));
for (const name of examples.flatMap((example) => example.files)) write(join("examples", basename(name)), fixture(name));
write(
  "index.html",
  document({
    policy: policy({ scripts: "'self'", styles: "'self'", images: "'self'", connections: "'self'", workers: "'self'" }),
    head: '<link rel="stylesheet" href="style.css">\n<link rel="icon" href="icon.svg">\n<link rel="manifest" href="manifest.webmanifest">',
    parts: {
      wasm: { url: "tcpcheck.wasm" },
      offline: true,
      bare,
      examples: listed((name) => ({ name: basename(name), url: `examples/${basename(name)}` })),
    },
    script: '<script src="app.js"></script>',
  }),
);
write(
  "tcpcheck.html",
  document({
    policy: policy({ scripts: `'sha256-${digest(page("app.js"))}'`, styles: `'sha256-${digest(page("style.css"))}'`, images: "", connections: "'none'", workers: "" }),
    head: `<style>${page("style.css")}</style>\n<link rel="icon" href="data:image/svg+xml;base64,${Buffer.from(page("icon.svg")).toString("base64")}">`,
    parts: {
      wasm: { base64: wasm.toString("base64") },
      offline: false,
      bare,
      examples: listed((name) => ({ name: basename(name), base64: fixture(name).toString("base64") })),
    },
    script: `<script>${page("app.js")}</script>`,
  }),
);
const version = digest([...written.values()].map((content) => digest(content)).join()).replace(/\W/g, "").slice(0, 16);
const kept = ["./", ...written.keys()].filter((name) => name !== "index.html");
write("sw.js", page("sw.js").replace("@VERSION@", version).replace("@FILES@", () => JSON.stringify(kept)));

const zipped = gzipSync(wasm, { level: 9 }).length;
console.log(`${folder}: tcpcheck.wasm has ${wasm.length} bytes, ${zipped} in gzip`);
if (zipped > 600_000) console.warn("tcpcheck.wasm is above 600 kB in gzip");
