// What a chain says, beside the pointer.

const NEAR = 14;

class Tooltip {
  constructor(chains, points, stage) {
    this.chains = chains;
    this.points = points;
    this.stage = stage;
    this.box = element("tooltip");
    this.ring = element("ring");
    stage.addEventListener("pointermove", (event) => this.point(event));
    stage.addEventListener("pointerdown", (event) => this.point(event));
    // A finger that is lifted leaves, too; what it touched stays.
    stage.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.hide();
    });
    points.listeners.push(() => this.hide());
  }

  point(event) {
    const dragging = event.type === "pointermove" && event.buttons > 0;
    const { left, top } = this.stage.getBoundingClientRect();
    const busy = dragging || event.target.closest(".zoom, #pinned, #selection");
    const i = busy ? -1 : this.points.nearest(event.clientX - left, event.clientY - top, NEAR);
    if (i < 0) {
      this.hide();
      return;
    }
    const [x, y] = this.points.toPixels(this.chains.x[i], this.chains.y[i]);
    this.ring.hidden = false;
    this.ring.style.transform = `translate(${x}px, ${y}px)`;
    this.show(i, left + x, top + y);
  }

  hide() {
    this.box.hidden = true;
    this.ring.hidden = true;
  }

  /** Show chain i at a place in the window: beside it, where there is room. */
  show(i, x, y) {
    const { titles, texts, labels } = this.chains;
    const cluster = make("p", "cluster");
    cluster.style.setProperty("--colour", this.chains.colour(labels[i]));
    cluster.append(make("i", ""), this.chains.where(i));
    const lines = [make("p", "title", titles?.[i] ?? ""), make("p", "text", texts[i]), cluster];
    for (const line of lines) line.dir = "auto";
    this.box.replaceChildren(...lines.filter((line) => line.textContent));
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const gap = 14;
    const left = x + gap + width + 8 <= innerWidth ? x + gap : x - gap - width;
    const top = y + gap + height + 8 <= innerHeight ? y + gap : y - gap - height;
    const inside = (value, size, all) => Math.max(8, Math.min(value, all - size - 8));
    this.box.style.left = `${inside(left, width, innerWidth)}px`;
    this.box.style.top = `${inside(top, height, innerHeight)}px`;
  }
}
