// What the page shows, from the compressed text in it; and what is switched on and searched for.

const NOISE = -1;

/** Return the element with an id. */
const element = (id) => document.getElementById(id);

/** Return the object that Python packed: JSON, compressed with zlib, in base64. */
async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** The points of the map, in the order in which to paint them, and which of them show how. */
class Chains {
  constructor(content) {
    Object.assign(this, content);
    this.count = this.x.length;
    this.hidden = new Set();
    this.selected = null;
    this.search("");
  }

  /** The clusters with noise before them, as the legend lists them. */
  get entries() {
    return [{ label: NOISE, name: "noise: in no cluster", ...this.noise }, ...this.clusters.map((cluster, label) => ({ label, ...cluster }))];
  }

  clusterName(label) {
    return label === NOISE ? "noise" : this.clusters[label].name;
  }

  colour(label) {
    return label === NOISE ? this.noise.colour : this.clusters[label].colour;
  }

  shows(i) {
    return !this.hidden.has(this.labels[i]);
  }

  found(i) {
    return this.matches === null || this.matches[i] === 1;
  }

  /** Look for chains that hold all the words; an empty query stands for no search. */
  search(query) {
    this.words = query.toLowerCase().split(/\s+/).filter(Boolean);
    this.match();
  }

  /** Select chains, a 1 for each; null for all. */
  select(selected) {
    this.selected = selected;
    this.match();
  }

  /** Find what is selected and holds all the words; `matches` is null if that is everything. */
  match() {
    const { words, selected } = this;
    this.matches = null;
    if (words.length || selected) {
      if (words.length) this.searched ??= Array.from({ length: this.count }, (_, i) => this.searchable(i));
      const holds = (i) => (!selected || selected[i]) && words.every((word) => this.searched[i].includes(word));
      this.matches = Uint8Array.from({ length: this.count }, (_, i) => holds(i));
    }
    // The number of chains found in each cluster, noise first.
    this.sizesFound = new Array(this.clusters.length + 1).fill(0);
    for (let i = 0; i < this.count; i++) this.sizesFound[this.labels[i] + 1] += this.found(i);
  }

  /** What a search covers, in words. */
  get covers() {
    const some = this.all > this.count ? `${this.count.toLocaleString("en")} of ${this.all.toLocaleString("en")} chains: ` : "";
    return `Covers ${some}titles, subreddits, clusters, and the first 240 characters of each text.`;
  }

  /** The subreddit and the cluster of a chain. */
  where(i) {
    return `r/${this.subreddits[this.subreddit[i]]} · ${this.clusterName(this.labels[i])}`;
  }

  searchable(i) {
    const subreddit = `r/${this.subreddits[this.subreddit[i]]}`;
    const parts = [this.titles?.[i] ?? "", this.texts[i], subreddit, this.clusterName(this.labels[i])];
    return parts.join("\n").toLowerCase();
  }

  /** The box around some of the points: [low x, low y, high x, high y]. */
  box(wanted) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < this.count; i++) {
      if (!wanted(i)) continue;
      box[0] = Math.min(box[0], this.x[i]);
      box[1] = Math.min(box[1], this.y[i]);
      box[2] = Math.max(box[2], this.x[i]);
      box[3] = Math.max(box[3], this.y[i]);
    }
    return box;
  }
}
