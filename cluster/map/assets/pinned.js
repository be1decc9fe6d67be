// A chain that was clicked on stays beside the map, with all that the map holds of it.

// Between pressing and letting go, a hand may move by so many pixels in a click.
const STILL = 4;

class Pinned {
  constructor(chains, points, stage) {
    this.chains = chains;
    this.box = element("pinned");
    this.body = element("pinned-body");
    element("unpin").addEventListener("click", () => this.hide());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    let pressed = null;
    stage.addEventListener("pointerdown", (event) => { pressed = [event.clientX, event.clientY]; }, true);
    stage.addEventListener("pointerup", (event) => {
      const moved = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]);
      if (pressed === null || moved > STILL || event.target.closest(".zoom, #pinned, #lasso")) return;
      const { left, top } = stage.getBoundingClientRect();
      const i = points.nearest(event.clientX - left, event.clientY - top, NEAR);
      if (i >= 0) this.show(i);
    }, true);
  }

  show(i) {
    const { titles, texts, times, links, ids } = this.chains;
    const parts = [make("p", "title", titles?.[i] ?? ""), make("p", "text", texts[i])];
    // A text that goes on ends with "…" in the map's file.
    if (texts[i].endsWith("…")) parts.push(make("p", "note", "The map holds only the beginning of this text."));
    parts.push(make("p", "cluster", this.chains.where(i)));
    const more = [ids?.[i] ?? "", times?.[i]?.replace("T", " ") ?? ""].filter(Boolean).join(" · ");
    parts.push(make("p", "note", more));
    if (links?.[i]) {
      const link = make("a", "", "Open on Reddit");
      link.href = links[i];
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      parts.push(link);
    }
    for (const part of parts) part.dir = "auto";
    this.body.replaceChildren(...parts.filter((part) => part.textContent));
    this.box.hidden = false;
  }

  hide() {
    this.box.hidden = true;
  }
}
