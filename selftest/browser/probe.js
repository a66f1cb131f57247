// What a reader cannot read on a page as it stands on the screen: one sentence for each place.
() => {
  const ROOMY = 200; // In a box at least so wide a word without any place to break may break.
  const LONG = 20; // Identifiers with more letters may break after their punctuation.
  const complaints = [];
  const seen = new Map();
  const say = (kind, element, detail) => {
    const sentence = `${kind}: ${path(element)}: ${detail}`;
    if (!seen.has(sentence)) complaints.push(sentence);
    seen.set(sentence, true);
  };
  const path = (element) => {
    const names = [];
    for (let e = element; e && e !== document.body && names.length < 4; e = e.parentElement) {
      const own = e.id ? `#${e.id}` : typeof e.className === "string" && e.className ? `.${e.className.trim().split(/\s+/).join(".")}` : "";
      names.unshift(`${e.tagName.toLowerCase()}${own}`);
    }
    return names.join(" > ");
  };
  const styles = new Map();
  const style = (e) => styles.get(e) ?? (styles.set(e, getComputedStyle(e)), styles.get(e));
  const shorten = (text) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

  // The nearest box that lines are broken in, and the frames that clip what is inside them.
  const inline = (e) => style(e).display.startsWith("inline") && style(e).display !== "inline-block" && style(e).display !== "inline-flex" && style(e).display !== "inline-grid";
  const boxes = new Map();
  const box = (e) => {
    if (!boxes.has(e)) boxes.set(e, inline(e) && e.parentElement ? box(e.parentElement) : e);
    return boxes.get(e);
  };
  const frames = new Map();
  const frame = (e) => {
    if (!e || e === document.documentElement) return { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity, scrolls: false };
    if (frames.has(e)) return frames.get(e);
    const outer = frame(e.parentElement);
    let found = outer;
    const s = style(e);
    if (s.overflowX !== "visible" || s.overflowY !== "visible") {
      const r = e.getBoundingClientRect();
      const scrolls = /auto|scroll/.test(s.overflowX);
      found = {
        left: Math.max(outer.left, r.left), right: Math.min(outer.right, r.right),
        top: Math.max(outer.top, r.top), bottom: Math.min(outer.bottom, r.bottom),
        scrolls: outer.scrolls || scrolls,
      };
    }
    frames.set(e, found);
    return found;
  };

  // (a) The page itself never scrolls sideways.
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter(
      (e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1 && !frame(e.parentElement).scrolls);
    say("the page scrolls sideways", wide.at(-1) ?? document.body,
      `${document.documentElement.scrollWidth} px wide on a screen of ${innerWidth} px`);
  }

  // (b) No word is broken but where a reader would break it.
  const command = (text) => /^(pytest|python3?|tox|git)\s/.test(text.trim());
  const contents = (e) => {
    const s = style(e);
    return e.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight);
  };
  const isNumber = (word) => /^[(\[≤<>≥~=×+−-]*[\d.,:+\u202f\u00a0TZ−–-]+[%)\],;]*$/.test(word) && /\d/.test(word);
  const mayBreak = (word, at, code, fits) => {
    const before = word[at - 1], after = word[at];
    if (/[\u00ad\u200b]/.test(before)) return true;
    if (isNumber(word)) return false;
    if (code !== null && command(code)) return !fits && (/[:/\[\]-]/.test(before) || after === "[");
    if (/[-–—/]/.test(before) && at > 1 && !/^-+$/.test(word.slice(0, at))) return true;
    return word.length > LONG && (/[._:,;=([{+@|&?]/.test(before) || /[._[({]/.test(after));
  };
  const range = document.createRange();
  const lines = (rects) => {
    const tops = [];
    for (const r of rects) if (r.width > 0 && !tops.some((t) => Math.abs(t - r.top) < r.height / 2)) tops.push(r.top);
    return tops;
  };
  const broken = (node, element, word, start) => {
    range.setStart(node, start);
    range.setEnd(node, start + word.length);
    const rects = [...range.getClientRects()];
    if (lines(rects).length < 2) return;
    const holder = box(element);
    const room = contents(holder);
    const fits = rects.reduce((sum, r) => sum + r.width, 0) <= room + 1;
    const code = element.closest("code")?.textContent ?? null;
    let last = null, piece = 0;
    const pieces = [];
    for (let i = 0; i < word.length; i++) {
      range.setStart(node, start + i);
      range.setEnd(node, start + i + 1);
      const r = range.getClientRects()[0];
      if (!r || r.width === 0) continue;
      if (last !== null && Math.abs(r.top - last) > r.height / 2) {
        pieces.push([word.slice(piece, i), i]);
        piece = i;
      }
      last = r.top;
    }
    pieces.push([word.slice(piece), word.length]);
    const breaks = pieces.slice(0, -1).map(([, at]) => at);
    const places = breaks.some((at) => mayBreak(word, at, code, fits)) || [...word].some((_, i) => i > 0 && mayBreak(word, i, code, fits));
    const excused = !fits && !places && room >= ROOMY;
    const wrong = breaks.filter((at) => !mayBreak(word, at, code, fits));
    if (wrong.length && !excused) say("a word is broken", element, shorten(pieces.map(([text]) => text).join(" / ")));
  };

  // The visible text: each piece with its rectangles, cut to the frames around it.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const shows = new Map();
  const visible = (e) => {
    if (!shows.has(e)) shows.set(e, e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true, opacityProperty: true }));
    return shows.get(e);
  };
  const texts = [];
  const holders = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, noscript, option, select, title") || !visible(element)) continue;
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
    if (!rects.length || rects.every((r) => r.right <= 0 || r.bottom + scrollY <= 0)) continue;
    const drawn = element.closest("svg");
    const clip = frame(drawn ? drawn.parentElement : element);
    const cut = [];
    for (const r of rects) {
      const left = Math.max(r.left, clip.left), right = Math.min(r.right, clip.right);
      const top = Math.max(r.top, clip.top), bottom = Math.min(r.bottom, clip.bottom);
      if (right - left > 1 && bottom - top > 1) cut.push({ left, right, top, bottom });
    }
    if (!clip.scrolls && rects.some((r) => r.right > width + 1)) say("text leaves the screen", element, shorten(node.data.trim()));
    texts.push({ node, element, cut });
    if (drawn) continue;
    holders.add(box(element));
    if (lines(rects).length > 1 || element.closest("code"))
      for (const match of node.data.matchAll(/[^ \t\n\r\f]+/g)) broken(node, element, match[0], match.index);
    // (c) No text leaves its box.
    const holder = box(element).getBoundingClientRect();
    if (!/auto|scroll/.test(style(box(element)).overflowX) && rects.some((r) => r.right > holder.right + 1.5 || r.left < holder.left - 1.5))
      say("text leaves its box", element, shorten(node.data.trim()));
  }
  for (const e of holders) {
    const s = style(e);
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !/auto|scroll/.test(s.overflowX) && s.textOverflow !== "ellipsis")
      say("text leaves its box", e, `${e.scrollWidth} px in ${e.clientWidth} px`);
  }

  // (c) No two texts lie over each other. A line's rectangle is higher than its letters.
  const rows = new Map();
  for (const text of texts) {
    for (const r of text.cut) {
      const slack = (r.bottom - r.top) * 0.22;
      const letters = { ...r, top: r.top + slack, bottom: r.bottom - slack, text };
      for (let row = Math.floor(letters.top / 40); row <= Math.floor(letters.bottom / 40); row++) {
        const others = rows.get(row) ?? [];
        for (const o of others) {
          if (o.text === text) continue;
          const across = Math.min(o.right, letters.right) - Math.max(o.left, letters.left);
          const down = Math.min(o.bottom, letters.bottom) - Math.max(o.top, letters.top);
          if (across > 1.5 && down > 1.5)
            say("texts overlap", text.element, `“${shorten(text.node.data.trim())}” lies over “${shorten(o.text.node.data.trim())}”`);
        }
        others.push(letters);
        rows.set(row, others);
      }
    }
  }
  return complaints;
}
