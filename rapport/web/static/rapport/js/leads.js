// Team load: cards are dragged from member to member, or chosen and moved; the page stays true when others act.
const REFRESH_MS = 700;
let timer = 0;
let acts = 0;
let acting = 0;
let asking = false;
let dragging = false;
let holding = false;

const board = () => document.getElementById("board");
const boxes = () => [...board().querySelectorAll('input[name="c"]')];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);

function count() {
  const said = board()?.querySelector("[data-chosen]");
  if (!said) return;
  const words = chosen().length ? `${said.dataset.some} ${chosen().length}` : said.dataset.none;
  if (said.textContent !== words) said.textContent = words;
}

function makeDraggable() {
  if (!board()) return;
  board().querySelectorAll("[data-card]").forEach((card) => (card.draggable = true));
  count();
}

function drag(event) {
  const card = event.target.closest?.("[data-card]");
  if (!card || !board()?.contains(card)) return;
  const box = card.querySelector("input");
  // A card that is not among the chosen goes alone.
  if (!box.checked) boxes().forEach((other) => (other.checked = other === box));
  dragging = true;
  card.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", box.value);
  count();
}

function over(event) {
  if (!dragging) return;
  const lane = event.target.closest?.("[data-lane]");
  document.querySelectorAll(".lane-over").forEach((other) => other !== lane && other.classList.remove("lane-over"));
  if (!lane) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  lane.classList.add("lane-over");
}

function drop(event) {
  const lane = dragging && event.target.closest?.("[data-lane]");
  if (!lane) return;
  event.preventDefault();
  document.getElementById("move-to").value = lane.dataset.lane;
  board().requestSubmit();
}

function end() {
  dragging = false;
  document.querySelectorAll(".lane-over, .dragged").forEach((one) => one.classList.remove("lane-over", "dragged"));
}

function keys(event) {
  const typing = event.target.matches?.("select, textarea, input:not([type=checkbox])");
  if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey || typing || !board()) return;
  event.preventDefault();
  document.getElementById("move-to").focus();
}

// What one has chosen and where one is stays, and nothing is replaced under one's hands. One is asked for after the
// other, and never beside what one does oneself: the answer that came last might be the older one.
async function refresh() {
  timer = 0;
  if (!board()) return;
  const busy = () => acting || asking || dragging || holding || document.activeElement?.id === "move-to";
  if (busy()) return later();
  const before = acts;
  asking = true;
  const html = await fresh(board().dataset.fresh);
  asking = false;
  if (html === null) return;
  if (acts !== before || !board() || busy()) return later();
  const found = document.createElement("template");
  found.innerHTML = html;
  const kept = new Set(chosen());
  const focus = document.activeElement?.id;
  const to = document.getElementById("move-to").value;
  const top = document.getElementById("load-page").scrollTop;
  board().replaceWith(found.content.getElementById("board"));
  htmx.process(board());
  boxes().forEach((box) => (box.checked = kept.has(box.value)));
  document.getElementById("move-to").value = to;
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  document.getElementById("load-page").scrollTop = top;
  makeDraggable();
}

// Null when nothing came.
async function fresh(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  return response?.ok && !response.redirected ? response.text().catch(() => null) : null;
}

function later() {
  if (board() && !timer) timer = setTimeout(refresh, REFRESH_MS);
}

// On a phone a month is wider than the window.
function showToday() {
  const today = document.querySelector(".calendar .day-today");
  const box = today?.closest(".card-scroll");
  if (box && box.scrollWidth > box.clientWidth) today.scrollIntoView({ inline: "center", block: "nearest" });
}

showToday();
makeDraggable();
document.addEventListener("dragstart", drag);
document.addEventListener("dragover", over);
document.addEventListener("drop", drop);
document.addEventListener("dragend", end);
// A card or button that is replaced between press and release would not have been pressed.
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { holding = true; }, { capture: true, passive: true });
for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, () => { holding = false; }, { passive: true });
document.addEventListener("keydown", keys);
document.addEventListener("change", (event) => event.target.closest("#board") && count());
document.addEventListener("htmx:afterSettle", makeDraggable);
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  acts += 1;
  acting += 1;
  detail.xhr.addEventListener("loadend", () => { acting -= 1; });
});
document.addEventListener("htmx:afterRequest", (event) => event.detail.successful || later());
document.addEventListener("rapport:changed", later);
