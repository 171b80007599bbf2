// By which channel an answer goes: who will see it, how long it may be, and what it looks like over there.
const form = () => document.querySelector("[data-composer].has-ways");
const LINK = /https?:\/\/[^\s<>"]+/g;
const segments = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
const counts = {
  characters: (text) => [...text].length,
  graphemes: (text) => (segments ? [...segments.segment(text)].length : [...text].length),
  bytes: (text) => new TextEncoder().encode(text).length,
  utf16: (text) => text.length,
};
let waiting = 0;
let started = false;

// As the service counts: a link may count alike however long it is.
export function lengthOf(text, unit, link) {
  const count = counts[unit] ?? counts.characters;
  if (!link) return count(text);
  const links = text.match(LINK) ?? [];
  return count(text.replace(LINK, "")) + links.length * link;
}

function words(box) {
  const editor = box.querySelector(".editor");
  return (editor ? editor.innerText : box.querySelector("textarea[name=text]")?.value ?? "").trim();
}

function look() {
  const box = form();
  const way = box?.querySelector("[data-ways]")?.selectedOptions[0];
  if (!way) return;
  const { limit, unit, link, splits, warning } = way.dataset;
  const seen = box.querySelector("[data-seen-by]");
  if (seen.textContent !== warning) seen.textContent = warning;
  seen.classList.toggle("is-public", "public" in way.dataset);
  const counter = box.querySelector("[data-count]");
  const preview = box.querySelector("[data-preview]");
  counter.hidden = !limit;
  if (!limit) { preview.hidden = true; return; }
  const length = lengthOf(words(box), unit, Number(link ?? 0));
  const over = length > Number(limit);
  const said = over ? (splits === undefined ? box.dataset.long : box.dataset.many) : "";
  const shown = `${length} / ${limit}${said ? ` ${said}` : ""}`;
  if (counter.textContent !== shown) counter.textContent = shown;
  counter.classList.toggle("is-over", over && splits === undefined);
  preview.hidden = length === 0;
  if (preview.open) later(box);
}

function later(box) {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(box), 300);
}

async function show(box) {
  const body = new FormData();
  body.set("text", words(box));
  body.set("way", box.querySelector("[data-ways]").value);
  body.set("csrfmiddlewaretoken", box.querySelector("[name=csrfmiddlewaretoken]").value);
  const answer = await fetch(box.dataset.parts, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (answer.ok) box.querySelector("[data-preview-body]").innerHTML = await answer.text();
}

export function startWays() {
  look();
  if (started) return;
  started = true;
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest?.("[data-composer].has-ways")) look(); });
  }
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("[data-preview][open]")) show(form()); }, true);
  document.addEventListener("htmx:afterSettle", look);
}
