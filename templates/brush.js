  // A stroke across the timeline, or two sliders: what happened in between is shown below, and nothing else.
  const plot = by("plot");
  if (plot) {
    const brush = by("brush");
    const [low, high] = [by("range-from"), by("range-to")];
    const all = by("range-all");
    const axis = scale(plot.dataset.cuts, Number(plot.dataset.narrow));
    const whole = axis.drawn(Number(plot.dataset.span));
    const most = Number(low.max);
    const at = (value) => axis.real((value / most) * whole);
    // Where the lanes are, in the plot.
    const field = () => {
      const box = plot.getBoundingClientRect();
      const track = plot.querySelector(".track").getBoundingClientRect();
      return [track.left - box.left, track.width];
    };
    const draw = () => {
      const [from, to] = [Number(low.value), Number(high.value)];
      const [left, wide] = field();
      brush.hidden = from === 0 && to === most;
      all.hidden = brush.hidden;
      brush.style.left = `${left + (from / most) * wide}px`;
      brush.style.width = `${((to - from) / most) * wide}px`;
      for (const [input, value] of [[low, from], [high, to]]) input.setAttribute("aria-valuetext", span(at(value) * 1e3));
    };
    const choose = (from, to) => {
      [low.value, high.value] = [Math.min(from, to), Math.max(from, to)];
      draw();
      [wanted.from, wanted.to] = brush.hidden ? [-Infinity, Infinity] : [at(Number(low.value)), at(Number(high.value))];
      const [count, found] = apply();
      by("range-told").textContent = brush.hidden ? "" : `${span(wanted.from * 1e3)} to ${span(wanted.to * 1e3)}: ${count} of ${rows.length} connections, ${found} of ${cards.length} kinds of findings`;
    };
    by("range").hidden = by("brush-help").hidden = false;
    low.addEventListener("input", () => choose(Math.min(low.value, high.value), high.value));
    high.addEventListener("input", () => choose(low.value, Math.max(low.value, high.value)));
    all.addEventListener("click", () => {
      choose(0, most);
      low.focus();
    });
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") choose(0, most);
    });
    addEventListener("resize", draw);
    let from = null;
    let moved = false;
    const place = (event) => {
      const [left, wide] = field();
      return Math.round(Math.min(1, Math.max(0, (event.clientX - plot.getBoundingClientRect().left - left) / wide)) * most);
    };
    plot.addEventListener("dragstart", (event) => event.preventDefault());
    plot.addEventListener("pointerdown", (event) => {
      const [left, wide] = field();
      const x = event.clientX - plot.getBoundingClientRect().left - left;
      if (event.button !== 0 || x < 0 || x > wide) return;
      [from, moved] = [[place(event), event.clientX], false];
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      if (!moved && Math.abs(event.clientX - from[1]) < 5) return;
      if (!moved) plot.setPointerCapture(event.pointerId);
      moved = true;
      tip.hidden = true;
      choose(from[0], place(event));
    });
    const end = () => { from = null; };
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
    // A stroke that ends on a lane does not follow its link.
    plot.addEventListener("click", (event) => {
      if (moved) event.preventDefault();
      moved = false;
    }, true);
  }

