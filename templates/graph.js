  // A grid's lines, as the program makes them.
  const sizes = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];
  const label = (value, step, unit) => {
    if (unit === "number") return String(Math.round(value));
    if (value === 0) return "0";
    if (unit === "time") [value, step] = [value / 1e9, step / 1e9];
    const fit = (unit === "time" ? sizes.slice(3) : sizes.slice(0, 4)).find(([size]) => Math.abs(value) >= size * 0.9999);
    const [size, prefix] = fit ?? [1, ""];
    const places = step >= size ? 0 : Math.min(6, Math.ceil(Math.log10(size / step)));
    return `${(value / size).toFixed(places)} ${prefix}${{ time: "s", bytes: "B", rate: "bit/s" }[unit]}`;
  };
  // Round values, about six over what is drawn; of an axis with cuts no more than show.
  const ticks = (low, high, drawn = high - low) => {
    let step = 10 ** Math.floor(Math.log10(drawn / 6 || 1));
    step *= [1, 2, 5, 10].find((factor) => drawn / (step * factor) <= 6) ?? 10;
    while ((high - low) / step > 2000) step *= 10;
    const values = [];
    for (let at = Math.ceil(low / step) * step; at <= high; at += step) values.push(at);
    return [values, step];
  };
  const draw = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, worth] of Object.entries(attributes)) made.setAttribute(key, worth);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  for (const svg of document.querySelectorAll("svg.graph")) {
    const plane = svg.querySelector(".plane");
    const axes = svg.querySelector(".axes");
    const [left, top, wide, high] = ["x", "y", "width", "height"].map((name) => Number(plane.getAttribute(name)));
    const { units, x0, x1, y0, y1 } = Object.fromEntries(Object.entries(plane.dataset).map(([key, text]) => [key, Number(text)]));
    const unit = plane.dataset.unit;
    let view = [0, 0, units, units];
    const axis = scale(plane.dataset.cuts, Number(plane.dataset.narrow ?? 0));
    const time = (x) => x0 + (x / units) * (x1 - x0);
    const worth = (y) => y1 - (y / units) * (y1 - y0);
    const show = (wanted) => {
      const size = (span) => Math.min(units, Math.max(units / 20000, span));
      const [w, h] = [size(wanted[2]), size(wanted[3])];
      view = [Math.min(Math.max(0, wanted[0]), units - w), Math.min(Math.max(0, wanted[1]), units - h), w, h];
      plane.setAttribute("viewBox", view.join(" "));
      const lines = [];
      const across = (x) => left + ((((x - x0) / (x1 - x0)) * units - view[0]) / w) * wide;
      const [xs, xStep] = ticks(axis.real(time(view[0])), axis.real(time(view[0] + w)), time(view[0] + w) - time(view[0]));
      let before = -Infinity;
      for (const x of xs) {
        const at = across(axis.drawn(x));
        if (axis.cuts.some(([from, to]) => from <= x && x < to) || at - before < 70) continue;
        before = at;
        lines.push(draw("path", { class: "grid", d: `M${at} ${top}v${high}` }));
        lines.push(draw("text", { class: "tick", x: at, y: top + high + 16, "text-anchor": "middle" }, label(x, xStep, "time")));
      }
      for (const [from, to] of axis.cuts) {
        const at = across((axis.drawn(from) + axis.drawn(to)) / 2);
        if (at > left && at < left + wide) lines.push(draw("text", { class: "tick", x: at, y: top - 3, "text-anchor": "middle" }, `// ${span(to - from)}`));
      }
      const [ys, yStep] = ticks(worth(view[1] + h), worth(view[1]));
      for (const y of ys) {
        const at = top + ((((y1 - y) / (y1 - y0)) * units - view[1]) / h) * high;
        lines.push(draw("path", { class: "grid", d: `M${left} ${at}h${wide}` }));
        lines.push(draw("text", { class: "tick", x: left - 6, y: at, dy: 4, "text-anchor": "end" }, label(y, yStep, unit)));
      }
      axes.replaceChildren(...lines);
    };
    const zoom = (factor, x = 0.5, y = 0.5) =>
      show([view[0] + view[2] * x * (1 - factor), view[1] + view[3] * y * (1 - factor), view[2] * factor, view[3] * factor]);
    // Where the pointer is, between 0 and 1 each way.
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const within = (at, from, span) => Math.min(1, Math.max(0, (at * scale - from) / span));
      return [within(event.clientX - box.left, left, wide), within(event.clientY - box.top, top, high)];
    };
    let from = null;
    let frame = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.target.closest(".plane, .frame, .axes, .graph")) return;
      from = place(event);
      frame = draw("rect", { class: "zoom" });
      svg.append(frame);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (from) {
        frame.setAttribute("x", left + Math.min(from[0], at[0]) * wide);
        frame.setAttribute("y", top + Math.min(from[1], at[1]) * high);
        frame.setAttribute("width", Math.abs(from[0] - at[0]) * wide);
        frame.setAttribute("height", Math.abs(from[1] - at[1]) * high);
      } else if (!event.target.closest("[data-tip]")) {
        const [t, v] = [time(view[0] + at[0] * view[2]), worth(view[1] + at[1] * view[3])];
        tell(`${label(axis.real(t), view[2] / units * (x1 - x0) / 100, "time")}, ${label(v, view[3] / units * (y1 - y0) / 100, unit)}`, event.clientX, event.clientY);
      }
    });
    const release = (event) => {
      if (!from) return;
      const at = place(event);
      frame.remove();
      const [w, h] = [Math.abs(from[0] - at[0]), Math.abs(from[1] - at[1])];
      if (event.type === "pointerup" && w > 0.01) {
        // A level stroke zooms in time alone.
        const y = h > 0.05 ? [view[1] + Math.min(from[1], at[1]) * view[3], h * view[3]] : [view[1], view[3]];
        show([view[0] + Math.min(from[0], at[0]) * view[2], y[0], w * view[2], y[1]]);
      }
      from = null;
    };
    svg.addEventListener("pointerup", release);
    svg.addEventListener("pointercancel", release);
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
    svg.addEventListener("dblclick", () => show([0, 0, units, units]));
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, ...place(event));
    }, { passive: false });
    svg.parentNode.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] }[event.key];
      if (event.key === "+" || event.key === "=") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0" || event.key === "Escape") show([0, 0, units, units]);
      else if (step && view[2] < units) show([view[0] + step[0] * view[2], view[1] + step[1] * view[3], view[2], view[3]]);
      else return;
      event.preventDefault();
    });
    // Shows where a frame is.
    svg.show = (number) => {
      const mark = svg.querySelector(`.mark[data-frame="${number}"]`);
      if (!mark) return;
      mark.classList.add("lit");
      const x = Number(mark.getAttribute("d").slice(1).split(" ")[0]);
      if (view[2] < units) show([x - view[2] / 2, view[1], view[2], view[3]]);
    };
  }

  // A frame's button lights its marks and its row.
  for (const button of document.querySelectorAll("button.frame")) {
    button.addEventListener("click", () => {
      const flow = button.closest(".flow");
      const number = button.dataset.frame;
      for (const lit of flow.querySelectorAll(".lit")) lit.classList.remove("lit");
      for (const svg of flow.querySelectorAll("svg.graph")) svg.show(number);
      const row = [...flow.querySelectorAll(".ladder .row")].find((row) => Number(row.dataset.first) <= number && number <= Number(row.dataset.last));
      if (row) row.classList.add("lit");
      const mark = flow.querySelector(".mark.lit");
      (row ?? mark)?.scrollIntoView({ block: "center" });
      // What the pointer would tell.
      const place = (row ?? mark)?.getBoundingClientRect();
      if (place) tell((mark ?? row).dataset.tip, place.x + 80, place.y + 10);
    });
  }
  // A link to a frame of a connection lights it too.
  for (const link of document.querySelectorAll("a[data-frame]")) {
    link.addEventListener("click", () => {
      const flow = by(link.hash.slice(1));
      requestAnimationFrame(() => flow?.querySelector(`button.frame[data-frame="${link.dataset.frame}"]`)?.click());
    });
  }
  open();
