// The clusters' names on the map, the larger clusters first, so that none covers another. If the
// reader zooms in on a cluster, the names of the clusters inside it replace its own.

// Where a name may stand: outwards from the edge of its cluster in these directions.
const DIRECTIONS = [[0, -1], [0, 1], [1, 0], [-1, 0], [0.7, -0.8], [-0.7, -0.8], [0.7, 0.8], [-0.7, 0.8]];
// Pixels between the edge and the name; a name that is farther away is worse.
const GAPS = [1, 16, 34];
// A cluster opens if the map is zoomed so far, and the cluster reaches over this part of the view.
const ZOOMED = 1.5;
const WIDE = 0.15;
// More names than these are not placed at once, because it would make the map slow.
const MOST_NAMES = 150;
const SVG = "http://www.w3.org/2000/svg";

/** Return the area that two boxes, [left, top, right, bottom], share. */
function shared(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

class Names {
  constructor(chains, points, layer) {
    this.chains = chains;
    this.points = points;
    this.lines = document.createElementNS(SVG, "svg");
    layer.append(this.lines);
    const largest = Math.max(...chains.clusters.map((cluster) => cluster.size), 1);
    const outer = chains.clusters.map((cluster, label) => ({ ...cluster, label, parent: null }));
    this.names = [...outer, ...chains.inner].map((cluster) => {
      const { label, parent } = cluster;
      const { ink } = chains.clusters[label];
      const span = document.createElement("span");
      span.textContent = cluster.name;
      span.dir = "auto";
      span.style.color = ink;
      span.style.setProperty("--size", 11.5 + 5 * Math.sqrt(cluster.size / largest));
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("stroke", ink);
      this.lines.append(line);
      layer.append(span);
      return { label, parent, cluster, span, line, divided: false };
    });
    for (const { parent } of this.names) if (parent !== null) this.names[parent].divided = true;
    this.measure();
    points.listeners.push(() => this.place());
  }

  /** Measure the names again: a narrow window breaks them into shorter lines. */
  measure() {
    for (const { span } of this.names) span.hidden = false;
    for (const name of this.names) {
      name.width = name.span.offsetWidth;
      name.height = name.span.offsetHeight;
    }
    this.place();
  }

  /** Give each name a free place, or hide it until there is one. */
  place() {
    const shown = this.reached();
    for (const name of shown) {
      const { x, y, reach } = name;
      name.core = [x - reach, y - reach, x + reach, y + reach];
    }
    const placed = new Set(shown);
    const taken = [];
    for (const name of this.names) {
      const box = placed.has(name) ? this.best(name, shown, taken) : null;
      name.span.hidden = box === null;
      name.line.style.display = "none";
      if (box === null) continue;
      taken.push(box);
      this.join(name, box);
      name.span.style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`;
    }
  }

  /** Return the names to place, with where they are: the largest in view, each at its level. */
  reached() {
    const [right, bottom] = [this.points.width, this.points.height];
    // A search counts what it finds in the clusters of the map, not in those inside them.
    const close = this.points.zoomed >= ZOOMED && this.chains.matches === null;
    const found = [];
    for (const name of this.names) {
      const above = name.parent === null ? null : this.names[name.parent];
      name.open = false;
      name.reached = this.shows(name.label) && (above === null || above.open);
      if (!name.reached) continue;
      const [x, y] = this.points.toPixels(...name.cluster.at);
      // Clusters smaller than this are as good as points.
      const reach = Math.max(name.cluster.reach / this.points.scale, 5);
      Object.assign(name, { x, y, reach });
      name.open = close && name.divided && reach >= WIDE * Math.min(right, bottom);
      const inView = x >= 0 && y >= 0 && x <= right && y <= bottom;
      if (!name.open && inView && found.length < MOST_NAMES) found.push(name);
    }
    return found;
  }

  /** Draw a line from a name that stands apart to its cluster. */
  join({ x, y, reach, line }, [left, top, right, bottom]) {
    const from = [Math.min(Math.max(x, left), right), Math.min(Math.max(y, top), bottom)];
    const distance = Math.hypot(from[0] - x, from[1] - y);
    if (distance < reach + 10) return;
    const part = 1 - (reach * 0.8) / distance;
    const ends = { x1: from[0], y1: from[1], x2: from[0] + (x - from[0]) * part, y2: from[1] + (y - from[1]) * part };
    for (const [end, value] of Object.entries(ends)) line.setAttribute(end, value.toFixed(1));
    line.style.display = "";
  }

  shows(label) {
    const found = this.chains.matches === null || this.chains.sizesFound[label + 1] > 0;
    return found && !this.chains.hidden.has(label);
  }

  /** Return the best free box for a name: near its cluster, and over none; null for none free. */
  best(name, shown, taken) {
    const [right, bottom] = [this.points.width, this.points.height];
    let best = null;
    let least = Infinity;
    for (const [x, y, cost] of this.places(name)) {
      const left = Math.min(Math.max(x - name.width / 2, 2), right - name.width - 2);
      const top = Math.min(Math.max(y - name.height / 2, 2), bottom - name.height - 2);
      const box = [left, top, left + name.width, top + name.height];
      if (cost >= least || taken.some((other) => shared(box, other))) continue;
      const covers = shown.reduce((sum, other) => sum + 2 * shared(box, other.core) / (other.reach + 5), 0);
      if (cost + covers < least) [best, least] = [box, cost + covers];
    }
    return best;
  }

  /** Return where the middle of a name may be, [x, y, cost]: on its cluster, or beside it. */
  places({ x, y, reach, width, height }) {
    // A cluster that is larger than its name can lie under it; a small one would vanish.
    const places = [[x, y, reach > width * 0.45 ? -1000 : 0]];
    for (const gap of GAPS) {
      DIRECTIONS.forEach(([dx, dy], index) => {
        const [far, high] = [reach + gap + width / 2, reach + gap + height / 2];
        places.push([x + dx * far, y + dy * high, gap + 2 * index]);
      });
    }
    return places;
  }
}
