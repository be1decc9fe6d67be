// Chains that a line is drawn around are selected, and can be downloaded.

/** Return whether a point lies inside a polygon, [[x, y], …]: it crosses an odd number of sides. */
function inside([x, y], polygon) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[ax, ay], [bx, by]] = [polygon[i], polygon[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

/** Return a value as a field of CSV (RFC 4180). A spreadsheet would run what begins with "=". */
function field(value) {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
  return `"${text.replaceAll('"', '""')}"`;
}

class Lasso {
  /** `changed` is called when other chains are selected. */
  constructor(chains, points, changed) {
    this.chains = chains;
    this.points = points;
    this.changed = changed;
    this.layer = element("lasso");
    this.line = this.layer.querySelector("polygon");
    this.button = element("select");
    this.button.addEventListener("click", () => this.draw(this.layer.hasAttribute("hidden")));
    element("unselect").addEventListener("click", () => this.select(null));
    element("download").addEventListener("click", () => this.download());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.draw(false);
    });
    this.layer.addEventListener("pointerdown", (event) => {
      this.layer.setPointerCapture(event.pointerId);
      this.corners = [];
      this.add(event);
    });
    this.layer.addEventListener("pointermove", (event) => {
      if (this.corners) this.add(event);
    });
    this.layer.addEventListener("pointerup", () => this.close());
    this.layer.addEventListener("pointercancel", () => this.draw(false));
  }

  /** Let the pointer draw a line instead of moving the map, or no longer. */
  draw(on) {
    this.corners = null;
    this.line.setAttribute("points", "");
    this.layer.toggleAttribute("hidden", !on);
    this.button.setAttribute("aria-pressed", on);
  }

  add(event) {
    const { left, top } = this.layer.getBoundingClientRect();
    this.corners.push([event.clientX - left, event.clientY - top]);
    this.line.setAttribute("points", this.corners.join(" "));
  }

  close() {
    const corners = this.corners ?? [];
    this.draw(false);
    if (corners.length < 3) return;
    const { chains, points } = this;
    const within = (i) => chains.shows(i) && inside(points.toPixels(chains.x[i], chains.y[i]), corners);
    this.select(Uint8Array.from({ length: chains.count }, (_, i) => within(i)));
  }

  /** Select chains, a 1 for each; null for none. */
  select(selected) {
    this.chains.select(selected);
    element("selection").hidden = selected === null;
    this.changed();
    element("selected").textContent = `${this.rows().length.toLocaleString("en")} selected`;
  }

  /** The chains that are selected, shown, and found if there is a search. */
  rows() {
    const { chains } = this;
    const rows = [];
    for (let i = 0; chains.selected && i < chains.count; i++) {
      if (chains.shows(i) && chains.found(i)) rows.push(i);
    }
    return rows;
  }

  download() {
    const { chains } = this;
    const columns = {
      chain_id: chains.ids && ((i) => chains.ids[i]),
      subreddit: (i) => chains.subreddits[chains.subreddit[i]],
      label: (i) => chains.labels[i],
      cluster: (i) => chains.clusterName(chains.labels[i]),
      time: chains.times && ((i) => chains.times[i] ?? ""),
      title: chains.titles && ((i) => chains.titles[i]),
      text: (i) => chains.texts[i],
      link: chains.links && ((i) => chains.links[i]),
    };
    const used = Object.entries(columns).filter(([, value]) => value);
    const lines = [used.map(([name]) => name).join(",")];
    for (const i of this.rows()) lines.push(used.map(([name, value]) => (name === "label" ? value(i) : field(value(i)))).join(","));
    const link = document.createElement("a");
    link.download = "chains.csv";
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}
