  const root = document.documentElement;
  const by = (id) => document.getElementById(id);
  const tip = by("tip");

  // Light or dark: as the system has it, until the reader says otherwise.
  const theme = by("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // Opens what is linked to, and all that it lies in.
  const show = (target) => {
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.hidden = false;
    target.scrollIntoView();
  };
  const shown = by("shown");
  const open = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && by(id);
    if (target) {
      show(target);
    } else if (id.startsWith("flow-")) {
      shown.textContent = `Connection ${id.slice(5)} is not among those on this page.`;
      by("connections").scrollIntoView();
    }
  };
  addEventListener("hashchange", open);

  // Paper shows what a closed part would hide.
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("#findings details, #list > details")) part.open = true;
  });

  // What is shown of connections and findings: with these words, and in this time.
  const list = by("list");
  const rows = [...list.querySelectorAll(".conn")].map((row) => ({
    row,
    text: `${row.closest("details.server").querySelector("h3").textContent} ${row.querySelector("summary").textContent} ${row.querySelector(".codes, .found")?.textContent ?? ""}`.toLowerCase(),
    from: Number(row.dataset.from),
    to: Number(row.dataset.to),
  }));
  const cards = [...document.querySelectorAll(".finding")].map((card) => ({
    card,
    when: card.dataset.when.split(" ").filter(Boolean).map((run) => run.split("-").map(Number)),
  }));
  const lanes = [...document.querySelectorAll("#plot .lane[data-from]")];
  const wanted = { words: [], from: -Infinity, to: Infinity };
  const apply = () => {
    const { words, from, to } = wanted;
    const timed = from > -Infinity || to < Infinity;
    const within = (begin, end) => begin <= to && end >= from;
    let count = 0;
    for (const { row, text, from: begin, to: end } of rows) {
      row.hidden = !(words.every((word) => text.includes(word)) && within(begin, end));
      if (!row.hidden) count += 1;
    }
    for (const server of list.querySelectorAll("details.server")) {
      server.hidden = !server.querySelector(".conn:not([hidden])");
      if (words.length && count <= 60) server.open = true;
    }
    shown.textContent = words.length || timed ? `${count} of ${rows.length} shown` : "";
    let found = 0;
    for (const { card, when } of cards) {
      card.hidden = timed && !when.some(([begin, end]) => within(begin, end));
      if (!card.hidden) found += 1;
    }
    for (const group of document.querySelectorAll(".cause, .notes")) group.hidden = !group.querySelector(".finding:not([hidden])");
    by("findings-shown").textContent = timed ? `${found} of ${cards.length} kinds shown` : "";
    for (const lane of lanes) lane.classList.toggle("out", !within(Number(lane.dataset.from), Number(lane.dataset.to)));
    return [count, found];
  };
  const filter = by("filter");
  by("tools").hidden = rows.length < 2;
  filter.addEventListener("input", () => {
    wanted.words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    apply();
  });
  const sort = by("sort");
  sort.addEventListener("change", () => {
    const key = (row) => (sort.value === "start" ? -Number(row.dataset.from) : Number(row.dataset.keys.split(" ")[sort.value]));
    const groups = [...list.querySelectorAll(".rows")].map((group) => {
      const sorted = [...group.children].map((row) => [key(row), row]).sort(([a], [b]) => b - a);
      group.append(...sorted.map(([, row]) => row));
      return [sort.value === "0" ? sorted.reduce((sum, [lost]) => sum + lost, 0) : sorted[0][0], group.parentNode];
    });
    list.append(...groups.sort(([a], [b]) => b - a).map(([, group]) => group));
  });
  const unfold = by("unfold");
  const servers = [...list.querySelectorAll("details.server")];
  unfold.hidden = servers.every((server) => server.open);
  unfold.addEventListener("click", () => {
    for (const server of servers) server.open = true;
    unfold.hidden = true;
    list.querySelector("summary")?.focus();
  });

  // What a mark or a row says, at once and for every way of pointing.
  const tell = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = !text;
    tip.style.left = `${Math.max(8, Math.min(x + 14, root.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.min(y + 14, innerHeight - tip.offsetHeight - 8)}px`;
  };
  for (const title of document.querySelectorAll(".plane title, .row > title")) {
    title.parentNode.dataset.tip = title.textContent;
    title.parentNode.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const marked = event.target.closest?.("[data-tip]");
    if (marked) tell(marked.dataset.tip, event.clientX, event.clientY);
    else if (!event.target.closest?.(".plane")) tip.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hidden = true;
  });

  // An axis of time on which long silences are cut: from times to where they are drawn, and back.
  const scale = (text, narrow) => {
    const cuts = (text ?? "").split(" ").filter(Boolean).map((cut) => cut.split("-").map(Number));
    const drawn = (t) => cuts.reduce((at, [from, to]) => at - Math.min(1, Math.max(0, (t - from) / (to - from))) * (to - from - narrow), t);
    const real = (at) => {
      let gone = 0;
      for (const [from, to] of cuts) {
        const begin = from - gone;
        if (at <= begin) break;
        if (at < begin + narrow) return from + ((at - begin) / narrow) * (to - from);
        gone += to - from - narrow;
      }
      return at + gone;
    };
    return { cuts, drawn, real };
  };
  // Nanoseconds as the program writes them.
  const span = (ns) => (ns >= 999.95e6 ? `${(ns / 1e9).toFixed(3)} s` : ns >= 999.5e3 ? `${(ns / 1e6).toFixed(1)} ms` : `${Math.round(ns / 1e3)} us`);

