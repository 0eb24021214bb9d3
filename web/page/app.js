// The page: files in, a worker that reads them, and what comes of it shown. What a capture says is shown as text, or in a frame that may
// not touch this page.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const body = document.body;
  const parts = JSON.parse($("parts").textContent);
  const text = (bytes) => new TextDecoder().decode(bytes);
  const state = { files: [], which: "", request: null, job: null, result: null };
  // What is shown, for whoever tries this page by program.
  window.tcpcheck = state;

  /** An element with properties and children. */
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const show = (name) => {
    body.dataset.state = name;
    $("source").hidden = name !== "result";
  };

  // ---- The WebAssembly and its worker

  const decoded = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  /** Bytes that belong to the page: in it, or beside it. */
  const part = async (where) => {
    if (where.base64) return decoded(where.base64);
    const answer = await fetch(where.url);
    if (!answer.ok) throw new Error(`${where.url}: ${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  // A worker made of text is held to this page's content security policy; one with an address of its own would not be.
  const script = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  let module = null;
  const load = () => (module ??= part(parts.wasm).then((bytes) => WebAssembly.compile(bytes)));
  load().catch(() => (module = null));

  /** Asks the worker; `on` hears of progress. Gives what came, by name. */
  const ask = (request, files, on = () => {}) => {
    let worker;
    let stop;
    const answered = new Promise((resolve, reject) => {
      stop = () => {
        worker?.terminate();
        reject(new Cancelled());
      };
      load().then((module) => {
        worker = new Worker(script);
        const found = new Map();
        worker.onerror = (event) => {
          worker.terminate();
          reject(new Error(event.message || "the browser could not start it"));
        };
        worker.onmessage = ({ data }) => {
          if (data.name) {
            found.set(data.name, [...(found.get(data.name) ?? []), data.bytes]);
          } else if (data.packets !== undefined) {
            on(data);
          } else {
            worker.terminate();
            const error = found.get("error");
            if (data.failed) reject(new Error(failed(data.failed, found)));
            else if (error) reject(new Refused(text(error[0])));
            else resolve(found);
          }
        };
        worker.postMessage({ module, files, request: { ...request, files: files.map((file) => file.name) } });
      }, reject);
    });
    return { answered, stop: () => stop() };
  };
  class Cancelled extends Error {}
  class Refused extends Error {}

  /** What ended the WebAssembly, in words. */
  const failed = (words, found) => {
    const panic = found.get("panic");
    if (panic) return `This is a fault of tcpcheck, and no part of the capture was sent anywhere: ${text(panic[0])}`;
    if (/memory|unreachable|allocation/i.test(words)) {
      return "The capture needs more memory than the browser gives to a page, or met a fault of tcpcheck; no part of it was sent anywhere. A filter takes fewer packets; the program for the command line takes as much as the machine has, and says what is wrong.";
    }
    return words;
  };

  const first = (found, name) => (found.has(name) ? text(found.get(name)[0]) : "");

  // ---- Files in

  /** The first bytes of pcap in its byte orders and precisions, pcapng, gzip, zstd, LZ4 and xz. */
  const MAGIC = ["a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a", "1f8b08", "28b52ffd", "04224d18", "fd377a58"];
  const isCapture = async (file) => {
    const bytes = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    const begin = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return MAGIC.some((magic) => begin.startsWith(magic));
  };
  /** Most files of a folder that are looked at. */
  const MOST = 1000;

  const below = async (entry, found) => {
    if (found.length >= MOST) return;
    if (entry.isFile) {
      found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!entries.length) return;
        for (const inner of entries) await below(inner, found);
      }
    }
  };

  /** Takes files; of a folder's those that are captures. */
  const take = async (files, ofFolder) => {
    let chosen = [...files];
    if (!chosen.length) return;
    if (ofFolder) {
      const captures = [];
      for (const file of chosen.slice(0, MOST)) if (await isCapture(file).catch(() => false)) captures.push(file);
      if (!captures.length) return fail(`None of the ${chosen.length} files in that folder is a capture.`);
      chosen = captures.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    }
    state.files = chosen;
    $("filter").value = $("first-filter").value;
    await open(chosen.length === 2 ? "compare" : "all");
  };

  $("choose").addEventListener("click", () => $("files").click());
  $("choose-folder").addEventListener("click", () => $("folder").click());
  $("drop").addEventListener("click", (event) => {
    if (!event.target.closest("button, input")) $("files").click();
  });
  for (const [id, ofFolder] of [["files", false], ["folder", true]]) {
    $(id).addEventListener("change", async () => {
      const files = [...$(id).files];
      $(id).value = "";
      await take(files, ofFolder);
    });
  }
  let within = 0;
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    within += 1;
    body.classList.add("dragging");
  });
  addEventListener("dragleave", () => {
    within = Math.max(0, within - 1);
    if (!within) body.classList.remove("dragging");
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    within = 0;
    body.classList.remove("dragging");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return take(event.dataTransfer.files, false);
    const found = [];
    for (const entry of entries) await below(entry, found);
    await take(found, true);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      take(event.clipboardData.files, false);
    }
  });
  // An installed page is opened with a file.
  window.launchQueue?.setConsumer(async ({ files }) => {
    if (files?.length) take(await Promise.all(files.map((handle) => handle.getFile())), false);
  });

  // ---- Examples

  const example = async ({ files }) => {
    try {
      const found = await Promise.all(files.map(async (file) => new File([await part(file)], file.name)));
      await take(found, false);
    } catch (error) {
      fail(`The example could not be loaded: ${error.message}`);
    }
  };
  // Nothing can be dropped by a finger.
  if (matchMedia("(pointer: coarse)").matches) $("invitation").textContent = "Open a capture";
  for (const one of parts.examples) {
    const button = make("button", { type: "button" }, make("b", { textContent: one.title }), make("span", { textContent: one.text }));
    button.addEventListener("click", () => example(one));
    $("examples").append(make("li", {}, button));
  }

  // ---- Reading

  const number = (value) => value.toLocaleString("en");
  const size = (bytes) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (bytes >= 999.5 && at < units.length - 1) [bytes, at] = [bytes / 1000, at + 1];
    return `${bytes.toFixed(at && bytes < 99.5 ? 1 : 0)} ${units[at]}`;
  };
  const total = (files) => files.reduce((sum, file) => sum + file.size, 0);

  /** Runs a request while the page shows how far it is; nothing where it was cancelled. */
  const run = async (request, files, title, passes = 1) => {
    state.job?.stop();
    const began = performance.now();
    const all = Math.max(1, total(files) * passes);
    $("busy-title").textContent = title;
    $("bar").removeAttribute("value");
    $("far").textContent = "";
    // What is over at once is not announced.
    const late = setTimeout(() => show("busy"), 120);
    const job = ask(request, files, ({ packets, read }) => {
      const part = Math.min(1, read / all);
      const left = ((performance.now() - began) / 1000) * (1 / part - 1);
      $("bar").value = part;
      const seconds = part > 0.02 && left >= 1 ? ` · ${left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`} left` : "";
      const counted = packets ? `${number(packets)} packets · ` : "";
      $("far").textContent = `${counted}${size(Math.min(read, all))} of ${size(all)}${seconds}`;
    });
    const mine = (state.job = { stop: job.stop });
    try {
      return await job.answered;
    } finally {
      clearTimeout(late);
      if (state.job === mine) state.job = null;
    }
  };
  const cancel = () => {
    const job = state.job;
    if (!job) return;
    job.stop();
    show(state.result ? "result" : "start");
  };
  $("cancel").addEventListener("click", cancel);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if ($("menu").open) {
      $("menu").open = false;
      $("menu").firstElementChild.focus();
    } else cancel();
  });

  const fail = (words) => {
    state.error = words;
    $("words").textContent = words;
    show("error");
    $("again").focus();
  };
  const home = () => {
    cancel();
    state.result = null;
    state.files = [];
    document.title = "tcpcheck";
    $("views").replaceChildren();
    show("start");
  };
  $("again").addEventListener("click", home);
  $("home").addEventListener("click", (event) => {
    event.preventDefault();
    home();
  });

  /** Options as the page has them now. */
  const asked = () => ({ filter: $("filter").value.trim(), payload: $("payload").checked, ...state.extra });

  const titleOf = (files) => (files.length < 3 ? files.map((file) => file.name).join(" and ") : `${files.length} files`);

  /** Shows these files: `all`, `compare`, or one by its place. */
  const open = async (which) => {
    const files = which === "all" || which === "compare" ? state.files : [state.files[Number(which)]];
    $("wrong").textContent = $("first-wrong").textContent = "";
    state.error = "";
    let notice = "";
    try {
      if (which === "compare") {
        try {
          const found = await run({ task: "compare", ...asked() }, files, `Comparing ${files[0].name} with ${files[1].name}`, 3);
          return result("compare", files, found, "");
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          if (isOfFilter(error)) throw error;
          notice = `Not compared, but merged in time order: ${error.message}`;
          which = "all";
        }
      }
      const found = await run({ task: "report", ...asked() }, files, `Reading ${titleOf(files)}`);
      result(which, files, found, notice);
    } catch (error) {
      if (error instanceof Cancelled) return;
      if (error instanceof Refused && isOfFilter(error)) return wrongFilter(error.message);
      fail(error instanceof Refused ? `tcpcheck: ${error.message}` : error.message);
    }
  };
  const isOfFilter = (error) => error.message.startsWith("filter expression:");
  const wrongFilter = (words) => {
    if (state.result) {
      show("result");
      $("wrong").textContent = words;
      $("filter").focus();
    } else {
      show("start");
      $("options").open = true;
      $("first-wrong").textContent = words;
      $("first-filter").focus();
    }
  };

  // ---- The result

  /**
   * A document in a frame of its own: it may run the one script that this page's policy names, and touch nothing outside. Without a base of
   * its own its links within itself would lead to this page.
   */
  const bare = (picture) => `<!doctype html><html><head><meta name="color-scheme" content="light dark"><style>${parts.bare}</style></head><body>${picture}</body></html>`;
  const frame = (markup, title, scripts) => {
    const frame = make("iframe", { title });
    frame.setAttribute("sandbox", scripts ? "allow-scripts allow-popups allow-popups-to-escape-sandbox" : "");
    frame.srcdoc = markup.replace("<head>", '<head><base href="about:srcdoc">');
    return frame;
  };

  const result = (which, files, found, notice) => {
    state.which = which;
    const trouble = (found.get("trouble") ?? []).map(text).map((words) => `tcpcheck: ${words}`);
    state.result = { page: first(found, "page"), summary: first(found, "summary"), trouble: trouble.join("\n"), connections: JSON.parse(first(found, "connections") || "null") };
    const told = [notice, ...trouble].filter(Boolean).join("\n");
    $("notice").textContent = trouble.length && which !== "compare" ? `${told}\nWhat is shown was read before that.` : told;
    $("notice").hidden = !told;
    $("notice").classList.toggle("bad", trouble.length > 0);
    $("name").replaceChildren(make("b", { textContent: titleOf(files) }), " ", make("span", { textContent: size(total(files)) }));
    document.title = `${titleOf(files)} – tcpcheck`;
    choices();
    const views = [["report", which === "compare" ? "Comparison" : "Report"], ["summary", "Summary"]];
    if (which !== "compare") views.splice(1, 0, ["connections", "Connections"]);
    tabs(views);
    downloads();
    show("result");
    $("result").focus({ preventScroll: true });
  };

  /** Several files can be looked at in several ways. */
  const choices = () => {
    const files = state.files;
    const options = files.map((file, at) => make("option", { value: String(at), textContent: file.name }));
    if (files.length > 1) options.unshift(make("option", { value: "all", textContent: "All, merged in time order" }));
    if (files.length === 2) options.unshift(make("option", { value: "compare", textContent: "What happened between the two" }));
    $("which").replaceChildren(...options);
    $("which").value = state.which;
    $("which").hidden = files.length < 2;
  };
  $("which").addEventListener("change", () => open($("which").value));
  $("filter-form").addEventListener("submit", (event) => {
    event.preventDefault();
    open(state.which);
  });

  const panels = {
    report: () => frame(state.result.page, "Report", true),
    summary: () => make("pre", { className: "text", textContent: state.result.summary, tabIndex: 0 }),
    connections: () => list(),
  };
  const tabs = (views) => {
    $("tabs").replaceChildren(
      ...views.map(([id, name]) => {
        const tab = make("button", { type: "button", id: `tab-${id}`, textContent: name });
        if (id === "connections") tab.append(make("i", { textContent: number(state.result.connections.connections) }));
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", `view-${id}`);
        tab.addEventListener("click", () => select(id));
        return tab;
      }),
    );
    $("views").replaceChildren();
    select(views[0][0]);
  };
  const select = (id) => {
    for (const tab of $("tabs").children) {
      const chosen = tab.id === `tab-${id}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (!$(`view-${id}`)) {
      const panel = make("div", { id: `view-${id}`, className: id === "report" ? "paper" : "" }, panels[id]());
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", `tab-${id}`);
      $("views").append(panel);
    }
    for (const panel of $("views").children) panel.hidden = panel.id !== `view-${id}`;
  };
  $("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...$("tabs").children];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = all[(at + step + all.length) % all.length];
    next.click();
    next.focus();
  });

  // ---- Connections

  const COLUMNS = [
    ["number", "No.", (row) => row.number],
    ["", "Connection", (row) => `${row.client} > ${row.server}`],
    ["", "How it ended", (row) => row.outcome],
    ["number", "Time", (row) => row.duration],
    ["number", "Packets", (row) => row.packets],
    ["number", "Payload", (row) => row.bytes],
    ["number", "Sent again", (row) => row.again],
    ["wide", "Whose doing", (row) => row.verdict],
  ];
  const lasting = (ms) => (ms < 999.5 ? `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(ms < 99500 ? 2 : 0)} s`);

  const line = (row) => {
    const cell = (name, className, ...children) => {
      const cell = make("td", { className }, ...children);
      if (name) cell.dataset.name = name;
      return cell;
    };
    const open = make("button", { type: "button", className: "open", textContent: `${row.client} > ${row.server}`, title: "Ladder and graphs of this connection" });
    open.addEventListener("click", () => connection(row));
    const mark = row.severity ? [make("span", { className: `severity ${row.severity}`, textContent: row.severity }), " "] : [];
    return make("tr", {},
      cell("", "number", String(row.number)),
      cell("", "wide", open),
      cell("", "", row.outcome),
      cell("", "number", lasting(row.duration)),
      cell("Packets", "number", number(row.packets)),
      cell("Payload", "number", size(row.bytes)),
      cell("Sent again", "number", number(row.again)),
      cell("", "wide", ...mark, row.verdict, row.findings.length ? make("small", { className: "quiet", textContent: ` ${row.findings.join(", ")}` }) : ""),
    );
  };

  const list = () => {
    const { connections, rows } = state.result.connections;
    const place = make("div", { className: "list", id: "list" });
    if (!rows.length) {
      place.append(make("p", { textContent: "No TCP connection passes the filter." }));
      return place;
    }
    const table = make("table", {}, make("thead", {}, make("tr")), make("tbody"));
    const lines = rows.map((row) => [row, line(row)]);
    table.tBodies[0].append(...lines.map(([, element]) => element));
    COLUMNS.forEach(([kind, name, value]) => {
      const button = make("button", { type: "button", textContent: name });
      const head = make("th", { scope: "col", className: kind === "number" ? "number" : "" }, button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
        lines.sort(([a], [b]) => (down ? -1 : 1) * compare(value(a), value(b)));
        table.tBodies[0].append(...lines.map(([, element]) => element));
      });
      table.tHead.rows[0].append(head);
    });
    const shown = make("span", { className: "quiet" });
    shown.setAttribute("role", "status");
    const search = make("input", { type: "text", placeholder: "Search: an address, refused, retransmission …" });
    search.setAttribute("aria-label", "Search connections");
    const look = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const [, element] of lines) {
        const content = element.textContent.toLowerCase();
        element.hidden = !words.every((word) => content.includes(word));
        count += element.hidden ? 0 : 1;
      }
      const most = connections > rows.length ? `the worst ${number(rows.length)} of ${number(connections)}` : number(connections);
      const noun = connections === 1 ? "connection" : connections > rows.length ? "connections" : "connections, the worst first";
      shown.textContent = words.length ? `${number(count)} of ${most}` : `${most} ${noun}. Each has a ladder and graphs.`;
    };
    search.addEventListener("input", look);
    look();
    place.append(make("div", { className: "tools" }, search, shown), table);
    return place;
  };

  const PICTURES = [["ladder", "Ladder"], ["time-sequence", "Sequence numbers"], ["in-flight", "In flight"], ["rtt", "Round trips"], ["throughput", "Throughput"]];

  /** A graph as wide as there is room. */
  const filling = (picture) => picture.replace(/<svg([^>]*?) width="\d+" height="\d+"/, '<svg$1 width="100%" height="97%"');

  /** The ladder and the graphs of a connection, in place of the list. */
  const connection = async (row) => {
    const files = state.which === "all" ? state.files : [state.files[Number(state.which)]];
    let found;
    try {
      found = await run({ task: "connection", flow: row.number, ...asked() }, files, `Drawing connection ${row.number}`);
    } catch (error) {
      if (!(error instanceof Cancelled)) toast(error.message);
      return;
    } finally {
      if (!state.job) show(state.result ? "result" : "start");
    }
    const panel = $("view-connections");
    const before = [...panel.childNodes];
    const pictures = PICTURES.filter(([id]) => found.has(id)).map(([id, name]) => [id, name, found.get(id).map(text).join("")]);
    state.pictures = Object.fromEntries(pictures.map(([id, , picture]) => [id, picture]));
    const choice = make("div", { className: "choice" });
    choice.setAttribute("role", "group");
    choice.setAttribute("aria-label", "Picture");
    const place = make("div", { className: "pictures" });
    let drawn;
    const draw = (chosen) => {
      drawn = chosen;
      const [id, name, picture] = chosen;
      for (const button of choice.children) button.setAttribute("aria-pressed", String(button.dataset.picture === id));
      place.replaceChildren(frame(bare(id === "ladder" ? picture : filling(picture)), `${name} of connection ${row.number}`, false));
    };
    for (const one of pictures) {
      const button = make("button", { type: "button", textContent: one[1] });
      button.dataset.picture = one[0];
      button.addEventListener("click", () => draw(one));
      choice.append(button);
    }
    const back = make("button", { type: "button", textContent: "← All connections" });
    back.addEventListener("click", () => {
      panel.replaceChildren(...before);
      panel.className = "";
      [...panel.querySelectorAll(".open")].find((open) => open.textContent === `${row.client} > ${row.server}`)?.focus();
    });
    const save = make("button", { type: "button", textContent: "Save picture" });
    save.addEventListener("click", () => offer([drawn[2]], `${base()}-${row.number}-${drawn[0]}.svg`, "image/svg+xml"));
    const head = make("div", { className: "head" }, back, make("b", { className: "code", textContent: `${row.number}: ${row.client} > ${row.server}` }), choice, save, make("p", { textContent: row.verdict }));
    panel.replaceChildren(make("div", { className: "connection", id: "connection" }, head, place));
    panel.className = "paper";
    if (pictures.length) draw(pictures[0]);
    else place.append(make("p", { className: "text", textContent: "There is nothing to draw of it." }));
    back.focus();
  };

  // ---- Downloads

  const base = () => (state.files.length === 1 || /^\d+$/.test(state.which) ? state.files[Number(state.which) || 0].name : state.which === "compare" ? "compare" : "merged").replace(/\.(pcapng|pcap|cap|gz|zst|lz4)(\.(gz|zst|lz4))?$/i, "");

  /** Hands a file to the browser to be saved. */
  const offer = (pieces, name, type) => {
    const url = URL.createObjectURL(new Blob(pieces, { type }));
    const link = make("a", { href: url, download: name });
    body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  const DOWNLOADS = [
    ["report", "Report", "the page, as one HTML file", () => offer([state.result.page], `${base()}.html`, "text/html")],
    ["summary", "Summary", "plain text", () => offer([state.result.summary], `${base()}.txt`, "text/plain")],
    ["ndjson", "Records", "NDJSON: packets, findings, connections", () => records("ndjson", ".ndjson", "application/x-ndjson")],
    ["pcapng", "Annotated capture", "pcapng: findings as comments, for Wireshark", () => records("pcapng", ".pcapng", "application/octet-stream")],
  ];
  const records = async (task, ending, type) => {
    const files = state.which === "all" ? state.files : [state.files[Number(state.which)]];
    try {
      const found = await run({ task, ...asked() }, files, `Writing ${base()}${ending}`, task === "pcapng" ? 2 : 1);
      state.written = new Blob(found.get(task) ?? [], { type });
      offer([state.written], `${base()}${task === "pcapng" ? "-annotated" : ""}${ending}`, type);
    } catch (error) {
      if (!(error instanceof Cancelled)) toast(error.message);
    } finally {
      if (!state.job) show(state.result ? "result" : "start");
    }
  };
  const downloads = () => {
    const offered = DOWNLOADS.filter(([id]) => state.which !== "compare" || id === "report" || id === "summary");
    $("downloads").replaceChildren(
      ...offered.map(([id, name, words, act]) => {
        const button = make("button", { type: "button", id: `get-${id}` }, name, make("small", { textContent: words }));
        button.addEventListener("click", () => {
          $("menu").open = false;
          act();
        });
        return button;
      }),
    );
  };
  addEventListener("click", (event) => {
    if (!$("menu").contains(event.target)) $("menu").open = false;
  });
  addEventListener("blur", () => ($("menu").open = false));

  const toast = (words) => {
    const close = make("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => ($("toast").hidden = true));
    $("toast").replaceChildren(words, close);
    $("toast").hidden = false;
  };

  // ---- Offline

  if (parts.offline && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("sw.js").then(
      () => navigator.serviceWorker.ready.then(() => (body.dataset.offline = "ready")),
      () => {},
    );
  }
  $("single").hidden = !parts.offline;
})();
