(() => {
  "use strict";
  const form = document.getElementById("filter");
  const names = ["q", "verdict", "subject", "dtype", "promise", "fill"];
  const field = (name) => form.elements.namedItem(name);

  // What stands packed in the page: words, tables and pictures of each cell, by its id.
  let unpacking;
  const unpack = async () => {
    const text = atob(document.getElementById("packed").textContent.trim());
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  const unpacked = () => (unpacking ??= unpack());
  const markup = ([, tables = {}, ...pictures], id) => {
    const figures = pictures.map((column) => column[id] ?? "").join("");
    return `${figures && `<div class="pictures">${figures}</div>`}${tables[id] ?? ""}`;
  };
  const drawn = new WeakSet();
  const draw = async (section) => {
    if (drawn.has(section) || section.querySelector(".detail")) return;
    drawn.add(section);
    const place = document.createElement("div");
    place.className = "detail";
    let words = "";
    try {
      const pieces = await unpacked();
      words = pieces[0]?.[section.id] ?? "";
      place.innerHTML = markup(pieces, section.id);
    } catch (error) {
      place.textContent = "This browser cannot unpack the pictures and tables; evidence.jsonl holds everything.";
    }
    // All in one turn: where the place of the pictures is, they are too.
    section.insertAdjacentHTML("beforeend", words);
    section.append(place);
    offer(section);
  };

  // Cells, and for all that is hidden with them which cells it stands for.
  const cells = [...document.querySelectorAll(".cell")].map((section) => {
    const [subject, dtype] = section.querySelector("summary > :nth-child(2)").children;
    return {
      section,
      verdict: section.querySelector(".chip").textContent,
      subject: subject.textContent,
      dtype: dtype.textContent,
      promise: section.closest(".group").dataset.promise,
      fill: section.closest(".group").dataset.fill,
      shown: true,
    };
  });
  const byId = new Map(cells.map((cell) => [cell.section.id, cell]));
  const links = [...document.querySelectorAll(".tile, .where a")];
  const standsFor = new Map();
  const follows = ":not(.fault) > tr, .group, .fold, .stated, .fault, .tile, .where, .where a, .cell, #wrong, #cells";
  const note = (element, cell) => {
    for (let e = element; e && e.tagName !== "MAIN"; e = e.parentElement)
      if (e.matches(follows)) standsFor.set(e, (standsFor.get(e) ?? new Set()).add(cell));
  };
  const cellOf = (link) => byId.get(link.hash.slice(1));
  for (const link of links) note(link, cellOf(link));
  for (const cell of cells) note(cell.section, cell);
  const folds = new Map([...document.querySelectorAll(".group, .group > .fold")].map((e) => [e, e.open]));

  // The overview has a point for each tile, in the same order.
  const tiles = [...document.querySelectorAll(".tile")];
  const points = [...document.querySelectorAll(".patches i")];
  const tileOf = (point) => tiles[points.indexOf(point)];

  // What headings count follows the filters: subjects, cells, and cells of each verdict.
  const digits = (amount) => `${amount}`.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const recount = (counter, amount) => {
    const noun = counter.textContent.replace(/^[^ ]+ /, "").replace(/s$/, "");
    counter.textContent = `${digits(amount)} ${noun}${amount === 1 ? "" : "s"}`;
  };
  const tally = (fold) => {
    const own = [...standsFor.get(fold)].filter((cell) => cell.shown);
    const heading = fold.querySelector("summary");
    const [subjects, amount] = [".subjects", ".amount"].map((name) => heading.querySelector(name));
    if (subjects) recount(subjects, new Set(own.map((cell) => cell.subject)).size);
    if (amount) recount(amount, own.length);
    for (const chip of heading.querySelectorAll(".chip")) {
      const verdict = chip.textContent.replace(/^[^ ]+ /, "");
      const count = own.filter((cell) => cell.verdict === verdict).length;
      chip.textContent = `${digits(count)} ${verdict}`;
      chip.hidden = !count;
    }
  };

  const plain = (text) => text.replace(/<wbr\/>/g, "").replace(/<[^>]*>/g, " ").replace(/&(?:#39|#34|amp|lt|gt);/g,
    (name) => ({ "&#39;": "'", "&#34;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">" })[name]);
  const text = (cell, pieces) => {
    const law = cell.section.closest(".stated").querySelector(".law");
    const rest = plain(pieces.slice(0, 2).map((column) => column[cell.section.id] ?? "").join(" "));
    return `${cell.section.textContent} ${law ? law.textContent : ""} ${rest}`.toLowerCase();
  };
  const matches = (cell, words, pieces) =>
    names.slice(1).every((name) => !field(name).value || field(name).value === cell[name]) &&
    (!words.length || words.every((word) => (cell.text ??= text(cell, pieces)).includes(word)));

  let asked = 0;
  const apply = async () => {
    const turn = ++asked;
    const words = field("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const pieces = words.length ? await unpacked().catch(() => []) : [];
    if (turn !== asked) return;
    for (const cell of cells) cell.shown = matches(cell, words, pieces);
    for (const [element, own] of standsFor) element.hidden = ![...own].some((cell) => cell.shown);
    for (const fold of folds.keys()) tally(fold);
    points.forEach((point, index) => point.classList.toggle("off", !cellOf(tiles[index]).shown));
    for (const patch of document.querySelectorAll(".patch"))
      patch.classList.toggle("off", !patch.querySelector("i:not(.off)"));
    const shown = cells.filter((cell) => cell.shown).length;
    const all = shown === cells.length;
    for (const [fold, open] of folds) fold.open = open || !all;
    form.querySelector("output").value = all ? "" : `${shown} of ${cells.length} cells`;
    form.querySelector("[type=reset]").hidden = names.every((name) => !field(name).value);
  };

  // The address holds the filters: a reload and the Back button bring them back.
  const search = () => {
    const query = new URLSearchParams(names.map((n) => [n, field(n).value]).filter((x) => x[1]));
    return `${query}` && `?${query}`;
  };
  const restore = async () => {
    const query = new URLSearchParams(location.search);
    const before = search();
    for (const name of names) field(name).value = query.get(name) ?? "";
    if (search() !== before) await apply();
  };
  let typing = false;
  const remember = (event) => {
    const keeps = event.target.name === "q" && typing ? "replaceState" : "pushState";
    typing = event.target.name === "q";
    history[keeps](null, "", `${location.pathname}${search()}`);
  };
  const reveal = () => {
    const cell = byId.get(location.hash.slice(1));
    if (!cell) return;
    for (let e = cell.section; e; e = e.parentElement.closest("details")) e.open = true;
    cell.section.scrollIntoView();
    cell.section.querySelector("summary").focus({ preventScroll: true });
  };

  const show = (promise) => {
    const group = [...document.querySelectorAll("#matrix .group")].find((e) => e.dataset.promise === promise);
    group.open = true;
    group.scrollIntoView();
    group.querySelector("summary").focus({ preventScroll: true });
  };

  const offer = (place) => {
    for (const command of place.querySelectorAll(".replay")) {
      if (command.querySelector("button")) continue;
      const button = command.appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = "copy";
    }
  };
  let copied;
  const copy = async (button) => {
    const command = button.previousElementSibling;
    let said = "copied";
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch (error) {
      getSelection().selectAllChildren(command);
      said = "selected";
    }
    // It says so until another command is copied.
    if (copied) copied.textContent = "copy";
    copied = button;
    button.textContent = said;
  };

  for (const name of [...new Set(cells.map((cell) => cell.subject))].sort())
    field("subject").append(new Option(name));
  form.addEventListener("input", (event) => { remember(event); apply(); });
  // Not left to the form: it would empty the count of cells before the cells are shown.
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const name of names) field(name).value = "";
    remember(event);
    apply();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = cells.find((cell) => cell.shown);
    if (!first) return;
    if (location.hash === `#${first.section.id}`) reveal();
    else location.hash = first.section.id;
  });
  addEventListener("popstate", async () => { typing = false; await restore(); reveal(); });
  document.addEventListener("click", (event) => {
    const { target } = event;
    const patch = target.closest(".patch");
    if (target.matches(".replay button")) copy(target);
    else if (target.matches(".patches i")) tileOf(target).click();
    else if (patch) show(patch.dataset.promise);
    else if (target.matches(".tile, .fault a") && target.hash === location.hash) reveal();
  });
  document.addEventListener("mouseover", ({ target }) => {
    if (target.matches(".tile")) target.title ||= target.ariaLabel;
    else if (target.matches(".patches i")) {
      const tile = tileOf(target);
      const cell = cellOf(tile);
      const said = new Set([tile.ariaLabel, tile.title].filter(Boolean));
      target.title = `${cell.subject} ${cell.dtype}: ${[...said].join(": ")}`;
    }
  });
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== "/" || busy) return;
    event.preventDefault();
    field("q").focus();
    field("q").select();
  });
  document.addEventListener("toggle", (event) => {
    if (!event.target.open || !event.target.matches(".cell")) return;
    offer(event.target);
    draw(event.target);
  }, true);

  for (const element of document.querySelectorAll("#filter, .keys")) element.hidden = false;
  const wrong = document.getElementById("wrong");
  if (wrong) offer(wrong);
  for (const section of document.querySelectorAll(".cell[open]")) offer(section);
  restore().then(() => {
    reveal();
    document.documentElement.dataset.ready = Math.round(performance.now());
  });
})();
