(() => {
  const form = document.getElementById("filter");
  const names = ["q", "verdict", "dtype", "promise"];
  const field = (name) => form.elements.namedItem(name);
  const cells = [...document.querySelectorAll("[data-verdict]")];
  const tiles = [...document.querySelectorAll("[data-for]")];
  const blocks = [...document.querySelectorAll("[data-block], #wrong")];
  const folds = new Map([...document.querySelectorAll(".fold[data-block]")].map((fold) => [fold, fold.open]));
  const texts = new Map();
  const text = (cell) => {
    if (!texts.has(cell)) {
      const parts = [...cell.querySelectorAll("summary, .law, tbody")];
      texts.set(cell, parts.map((part) => part.textContent).join(" ").toLowerCase());
    }
    return texts.get(cell);
  };
  const matches = (cell) =>
    field("q").value.toLowerCase().split(/\s+/).every((word) => text(cell).includes(word)) &&
    names.slice(1).every((name) => !field(name).value || field(name).value === cell.dataset[name]);

  const apply = () => {
    for (const cell of cells) cell.hidden = !matches(cell);
    for (const tile of tiles)
      tile.hidden = document.getElementById(tile.dataset.for).closest("details").hidden;
    for (const block of blocks) block.hidden = !block.querySelector("[data-cell]:not([hidden])");
    const shown = cells.filter((cell) => !cell.hidden).length;
    for (const [fold, open] of folds) fold.open = open || shown < cells.length;
    form.querySelector("output").value =
      shown === cells.length ? "" : `${shown} of ${cells.length} cells`;
  };
  const remember = () => {
    const query = new URLSearchParams(names.map((n) => [n, field(n).value]).filter((x) => x[1]));
    history.replaceState(null, "", `${location.pathname}?${query}${location.hash}`);
  };
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    let section = target && target.closest("details");
    if (!section) return;
    for (; section; section = section.parentElement.closest("details")) section.open = true;
    target.scrollIntoView();
  };

  const query = new URLSearchParams(location.search);
  for (const name of names) field(name).value = query.get(name) || "";
  form.hidden = false;
  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
