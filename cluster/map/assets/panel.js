// The legend, which switches clusters on and off, and the search box.

/** Return a new element with a text, which is never read as markup. */
function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

class Panel {
  /** `changed` is called when other points are to be shown, `coloured` when other colours are. */
  constructor(chains, changed, coloured) {
    this.chains = chains;
    this.changed = changed;
    this.rows = chains.entries.map((entry) => this.row(entry));
    element("legend").append(...this.rows.map((row) => row.item));
    element("all").addEventListener("click", () => this.turn(() => true));
    element("none").addEventListener("click", () => this.turn(() => false));
    const search = element("search");
    search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(search.value), 150);
    });
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      search.value = "";
      this.search("");
    });
    const colouring = element("colouring");
    colouring.append(...chains.colourings.map(({ name }, index) => new Option(name, index)));
    colouring.addEventListener("change", () => {
      chains.coloured = chains.colourings[colouring.value] ?? null;
      element("legend").classList.toggle("plain", chains.coloured !== null);
      coloured(chains.coloured);
    });
    const [drawer, panel] = [element("drawer"), element("panel")];
    drawer.addEventListener("click", () => {
      drawer.setAttribute("aria-expanded", panel.classList.toggle("open"));
    });
  }

  /** Return a line of the legend: a switch, the name and bars, the number of chains, and "only". */
  row({ label, name, size, colour, chart }) {
    const item = make("li", "");
    item.style.setProperty("--colour", colour);
    const box = make("input", "");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => this.apply());
    const [words, count] = [make("span", "name", name), make("span", "size", size.toLocaleString("en"))];
    words.dir = "auto";
    if (chart) {
      const bars = make("span", "bars", chart);
      bars.title = "Chains over time";
      words.append(bars);
    }
    const line = make("label", "");
    line.append(box, words, count);
    const only = make("button", "only", "only");
    only.type = "button";
    only.title = "Show only this";
    only.addEventListener("click", () => this.turn((other) => other === label));
    item.append(line, only);
    return { item, box, label, size, count };
  }

  turn(on) {
    for (const row of this.rows) row.box.checked = on(row.label);
    this.apply();
  }

  apply() {
    this.chains.hidden = new Set(this.rows.filter((row) => !row.box.checked).map((row) => row.label));
    this.changed();
  }

  search(query) {
    this.chains.search(query);
    this.count();
    this.changed();
  }

  /** Say how many chains of each cluster are found, and where was looked for them. */
  count() {
    const searching = this.chains.matches !== null;
    const sizes = this.chains.sizesFound;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    element("found").textContent = searching ? `${total.toLocaleString("en")} found` : "";
    this.rows.forEach((row, index) => {
      row.item.classList.toggle("unfound", searching && !sizes[index]);
      const of = row.size.toLocaleString("en");
      row.count.textContent = searching ? `${sizes[index].toLocaleString("en")} of ${of}` : of;
    });
  }
}
