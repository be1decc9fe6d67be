// Opens the map: the parts and how they work together.

async function open() {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser is too old for this map, which needs one of 2023 or later");
  }
  const chains = new Chains(await unpack(element("data").textContent));
  const points = new Points(chains);
  let names = null;
  const changed = () => {
    points.paint();
    names?.place();
  };
  const panel = new Panel(chains, changed, (colouring) => {
    points.colour(colouring);
    points.paint();
  });
  element("covers").textContent = chains.covers;
  if (!chains.count) {
    element("message").textContent = "There are no chains to show.";
    return;
  }
  await points.open(element("plot"));
  names = new Names(chains, points, element("names"));
  new Tooltip(chains, points, element("stage"));
  new Pinned(chains, points, element("stage"));
  new Lasso(chains, points, () => {
    panel.count();
    changed();
  });
  new ResizeObserver(() => names.measure()).observe(element("stage"));
  element("closer").addEventListener("click", () => points.zoom(1.6));
  element("farther").addEventListener("click", () => points.zoom(1 / 1.6));
  element("whole").addEventListener("click", () => points.fit());
  element("message").hidden = true;
}

open().catch((error) => {
  element("message").textContent = `The map cannot be shown: ${error.message}`;
  throw error;
});
