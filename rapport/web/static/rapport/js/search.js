// Search by keyboard, what narrows folded away on a phone, and the figures beside saved views.
const field = () => document.getElementById("q");
const results = () => [...document.querySelectorAll("[data-result]")];
const KEPT_MS = 20000;
let counts = null;
let countedAt = 0;

function move(event) {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
  const inField = event.target === field();
  const at = results().indexOf(event.target);
  if (!inField && at < 0) return;
  event.preventDefault();
  const next = event.key === "ArrowDown" ? at + 1 : at - 1;
  (next < 0 ? field() : results()[Math.min(next, results().length - 1)])?.focus();
}

// Who stood on a result when others came goes on at the same one, or at the first.
let stood = "";

function leave(event) {
  const from = document.activeElement;
  stood = event.detail.target?.id === "results" && results().includes(from) ? from.getAttribute("href") : "";
}

function goOn() {
  if (!stood || document.activeElement !== document.body) return;
  (results().find((one) => one.getAttribute("href") === stood) ?? results()[0] ?? field())?.focus();
}

// What was typed is kept in the address while one types, so that back and reload find it again.
function fold() {
  const facets = document.querySelector("[data-facets]");
  if (facets && matchMedia("(max-width: 820px)").matches) facets.open = false;
}

function write() {
  for (const link of document.querySelectorAll("[data-view-counts] [data-view]")) {
    const badge = link.querySelector(".side-count");
    const words = counts[link.dataset.view] ?? "";
    if (badge.textContent !== words) badge.textContent = words;
    badge.hidden = !words;
  }
}

async function count() {
  const list = document.querySelector("[data-view-counts]");
  if (!list) return;
  if (counts) write();
  if (Date.now() - countedAt < KEPT_MS) return;
  countedAt = Date.now();
  const response = await fetch(list.dataset.viewCounts);
  if (!response.ok || response.redirected) return;
  counts = await response.json();
  write();
}

// Words typed before the script had come started no search: they do now, once htmx listens, which it does from here on.
function early() {
  for (const typed of document.querySelectorAll("input[type=search]")) {
    const form = typed.form?.matches("[hx-get]") ? typed.form : null;
    if (form && typed.value !== typed.defaultValue) form.requestSubmit();
  }
}

export function startSearch() {
  document.addEventListener("DOMContentLoaded", early);
  document.addEventListener("keydown", move);
  document.addEventListener("htmx:afterSettle", (event) => event.detail.target?.id === "results" && fold());
  const side = document.getElementById("side-counts");
  if (side) new MutationObserver(count).observe(side, { childList: true });
  const text = field()?.value;
  if (text) field().setSelectionRange(text.length, text.length);
  fold();
  count();
  document.addEventListener("htmx:beforeSwap", leave);
  document.addEventListener("htmx:afterSettle", goOn);
}
