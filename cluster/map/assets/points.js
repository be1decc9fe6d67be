// The points, painted by Bokeh, which also moves and zooms them.

const DIMMED = 0xdfe2e6ff;
// Noise that is found stands out from what is not.
const FOUND_NOISE = 0x767c86ff;
const MOST_ZOOM = 200;
// So many points are painted fast enough for a map that moves.
const MOVING = 4_000;

/** Return "#rrggbb" with an opacity of 0..1 as Bokeh wants many colours: 0xrrggbbaa. */
function packColour(colour, opacity) {
  return parseInt(colour.slice(1), 16) * 256 + Math.round(255 * opacity);
}

class Points {
  constructor(chains) {
    this.chains = chains;
    this.listeners = [];
    // Few points are drawn large, many small; if there are thousands, they are translucent.
    const crowd = Math.log10(Math.max(chains.count, 30));
    this.size = Math.min(Math.max(15.5 - 2.75 * crowd, 2.4), 11);
    this.opacity = Math.min(Math.max(1.15 - 0.1 * crowd, 0.6), 0.9);
    this.colour(null);
    const empty = { x: [], y: [], colour: new Uint32Array() };
    this.under = new Bokeh.ColumnDataSource({ data: { ...empty } });
    this.over = new Bokeh.ColumnDataSource({ data: { ...empty } });
    this.plot = Bokeh.Plotting.figure({
      sizing_mode: "stretch_both", toolbar_location: null, tools: "pan,wheel_zoom",
      active_drag: "pan", active_scroll: "wheel_zoom",
      x_axis_type: null, y_axis_type: null, min_border: 0, outline_line_color: null,
      background_fill_color: "#ffffff", border_fill_color: "#ffffff",
      x_range: new Bokeh.Range1d({ start: 0, end: 1 }), y_range: new Bokeh.Range1d({ start: 0, end: 1 }),
      // While the map moves, it draws only some of a large number of points.
      lod_threshold: MOVING, lod_factor: Math.max(3, Math.round(chains.count / MOVING)),
      lod_interval: 200, lod_timeout: 250,
    });
    this.plot.xgrid.visible = false;
    this.plot.ygrid.visible = false;
    this.glyphs = [this.under, this.over].map((source) => this.plot.scatter({
      x: { field: "x" }, y: { field: "y" }, source, size: this.size,
      fill_color: { field: "colour" }, line_color: null,
    }).glyph);
  }

  /** Colour the points by their clusters, or by another of `chains.colourings`. */
  colour(colouring) {
    const { labels, colours } = colouring ?? { labels: this.chains.labels, colours: this.chains.clusters.map((cluster) => cluster.colour) };
    const opaque = [this.chains.noise.colour, ...colours].map((colour) => packColour(colour, this.opacity));
    this.colours = Uint32Array.from(labels, (label) => opaque[label + 1]);
  }

  /** Put the plot on the page, with all points in view. */
  async open(place) {
    this.place = place;
    const view = await Bokeh.Plotting.show(this.plot, place);
    // Bokeh draws a dotted frame around a map that was clicked on.
    view.canvas_view.el.style.setProperty("--outline-width", "0");
    this.fit();
    this.paint();
    const { x_range: x, y_range: y } = this.plot;
    x.on_change([x.properties.start, x.properties.end], () => this.moved());
    y.on_change([y.properties.start, y.properties.end], () => this.moved());
    new ResizeObserver(() => this.resized()).observe(place);
  }

  get width() { return this.place.clientWidth; }
  get height() { return this.place.clientHeight; }

  /** Paint what is switched on; with a search, what is not found lies pale beneath. */
  paint() {
    const rows = { under: [], over: [] };
    for (let i = 0; i < this.chains.count; i++) {
      if (!this.chains.shows(i)) continue;
      const plain = this.chains.matches === null ? this.chains.labels[i] === NOISE : !this.chains.found(i);
      rows[plain ? "under" : "over"].push(i);
    }
    const searching = this.chains.matches !== null;
    const colour = {
      under: (i) => (searching ? DIMMED : this.colours[i]),
      over: (i) => (this.chains.labels[i] === NOISE && !this.chains.coloured ? FOUND_NOISE : this.colours[i]),
    };
    for (const layer of ["under", "over"]) {
      this[layer].data = {
        x: Float64Array.from(rows[layer], (i) => this.chains.x[i]),
        y: Float64Array.from(rows[layer], (i) => this.chains.y[i]),
        colour: Uint32Array.from(rows[layer], colour[layer]),
      };
    }
    this.resize();
  }

  /** Show all points. */
  fit() {
    const box = this.chains.box(() => true);
    const least = 999999 / MOST_ZOOM;
    this.whole = Math.max(
      Math.max(box[2] - box[0], least) / Math.max(this.width - 70, 50),
      Math.max(box[3] - box[1], least) / Math.max(this.height - 70, 50),
    );
    this.look((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, this.whole);
  }

  /** How many times closer than all points in view the map is. */
  get zoomed() { return this.whole / this.scale; }

  /** Show (x, y) in the middle, `scale` units of the data to a pixel in both directions. */
  look(x, y, scale) {
    this.scale = scale;
    const [w, h] = [this.width * scale / 2, this.height * scale / 2];
    this.plot.x_range.setv({ start: x - w, end: x + w });
    this.plot.y_range.setv({ start: y - h, end: y + h });
    this.resize();
  }

  /** Zoom about the middle; 2 shows half as much. */
  zoom(factor) {
    const { x_range: x, y_range: y } = this.plot;
    this.look((x.start + x.end) / 2, (y.start + y.end) / 2, this.scale / factor);
  }

  moved() {
    this.scale = (this.plot.x_range.end - this.plot.x_range.start) / Math.max(this.width, 1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.resize(), 300);
    for (const listener of this.listeners) listener();
  }

  /** Keep the middle and the scale when the window changes. */
  resized() {
    const { x_range: x, y_range: y } = this.plot;
    this.look((x.start + x.end) / 2, (y.start + y.end) / 2, this.scale);
  }

  /** Let the points grow as one comes closer, but slower than the distances between them. */
  resize() {
    const whole = 999999 / Math.min(this.width, this.height);
    const size = Math.min(this.size * Math.max(whole / this.scale, 1) ** 0.45, Math.max(12, this.size));
    const found = this.chains.matches === null ? 1 : 1.35;
    this.glyphs[0].size = { value: size * 0.85 };
    this.glyphs[1].size = { value: Math.max(size, found > 1 ? 4 : 0) * found };
  }

  /** Return where a point of the data is, in pixels from the plot's upper left. */
  toPixels(x, y) {
    const { x_range, y_range } = this.plot;
    return [(x - x_range.start) / this.scale, (y_range.end - y) / this.scale];
  }

  /** Return the chain nearest to a place in pixels, of those shown and found; -1 for none near. */
  nearest(left, top, within) {
    const { x_range, y_range } = this.plot;
    const [x, y] = [x_range.start + left * this.scale, y_range.end - top * this.scale];
    let best = -1;
    let least = (within * this.scale) ** 2;
    for (let i = 0; i < this.chains.count; i++) {
      const distance = (this.chains.x[i] - x) ** 2 + (this.chains.y[i] - y) ** 2;
      if (distance <= least && this.chains.shows(i) && this.chains.found(i)) {
        best = i;
        least = distance;
      }
    }
    return best;
  }
}
