// The palette: a few letters, Enter, done. What was chosen lately stands first.
import { act, count, subjects } from "./select.js";

const RECENT = "rapport-recent";
const RECENT_MAX = 12;
const SHOWN_MAX = 40;
const TYPING_MS = 160;
let all = null;
let hasty = false;
let found = [];
let asking = 0;
let run = () => {};

const dialog = () => document.getElementById("palette");
const input = () => document.getElementById("palette-input");
const list = () => document.getElementById("palette-list");

async function options(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return [];
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return [...template.content.querySelectorAll("[role=option]")];
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// How well letters fit: in their order, better at the beginning of words and next to one another. 0: not at all.
function score(letters, text) {
  let at = -1;
  let points = 1;
  for (const letter of letters) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    if (next === at + 1) points += 4;
    if (next === 0 || " -:".includes(text[next - 1])) points += 6;
    points -= Math.min(3, (next - at - 1) / 8);
    at = next;
  }
  return Math.max(1, points - text.length / 40);
}

function usable(option) {
  return !option.dataset.verb || subjects().length > 0;
}

function matching(typed) {
  const late = recent();
  const rank = (option) => (late.indexOf(option.dataset.key) + RECENT_MAX + 1) % (RECENT_MAX + 1);
  if (!typed) {
    const first = (option) => (late.includes(option.dataset.key) ? late.indexOf(option.dataset.key) : RECENT_MAX + 1);
    return all.filter(usable).sort((a, b) => first(a) - first(b) || Boolean(b.dataset.verb) * count() - Boolean(a.dataset.verb) * count());
  }
  const letters = plain(typed).replace(/\s+/g, "");
  return all
    .filter(usable)
    .map((option) => [option, score(letters, plain(option.querySelector(".option-label").textContent))])
    .filter(([, points]) => points >= letters.length)
    .map(([option, points]) => [option, points + (late.includes(option.dataset.key) ? 8 - rank(option) / 4 : 0)])
    .sort((a, b) => b[1] - a[1])
    .map(([option]) => option);
}

function draw() {
  if (!all) return;
  const typed = input().value.trim();
  const shown = [...matching(typed).slice(0, SHOWN_MAX), ...(typed.length > 1 ? found : [])];
  list().replaceChildren(...shown);
  document.getElementById("palette-none").hidden = shown.length > 0 || asking !== 0;
  mark(shown[0]);
}

function mark(option) {
  for (const other of list().children) other.setAttribute("aria-selected", String(other === option));
  if (option) input().setAttribute("aria-activedescendant", option.id);
  else input().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

const marked = () => list().querySelector("[aria-selected=true]");

function move(step) {
  const items = [...list().children];
  if (items.length) mark(items[(items.indexOf(marked()) + step + items.length) % items.length]);
}

function search() {
  clearTimeout(asking);
  const typed = input().value.trim();
  found = [];
  asking = typed.length > 1 ? setTimeout(async () => {
    const answer = await options(`${dialog().dataset.found}?q=${encodeURIComponent(typed)}`);
    if (input().value.trim() !== typed) return;
    asking = 0;
    found = answer;
    const before = marked();
    draw();
    if (before?.isConnected) mark(before);
    if (hasty && dialog().open) choose(marked());
  }, TYPING_MS) : 0;
  draw();
}

function written() {
  hasty = false;
  search();
}

function choose(option) {
  if (!option) return;
  const late = [option.dataset.key, ...recent().filter((key) => key !== option.dataset.key)].slice(0, RECENT_MAX);
  localStorage.setItem(RECENT, JSON.stringify(late));
  dialog().close();
  if (option.dataset.go) location.href = option.dataset.go;
  else if (option.dataset.run) run(option.dataset.run);
  else act(option.dataset.verb, option.dataset.value);
}

export async function openPalette(letters = "") {
  if (!dialog() || dialog().open) return false;
  dialog().showModal();
  input().value = letters;
  hasty = false;
  all ??= await options(dialog().dataset.url);
  search();
  // Who typed and pressed Enter before the commands were there meant the best of them, or of what is being looked for.
  if (hasty && dialog().open && marked()) choose(marked());
  return true;
}

function keydown(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1, Tab: event.shiftKey ? -1 : 1 };
  if (event.isComposing) return;
  if (event.key === "Enter" && (!all || (asking && !marked()))) hasty = true;
  else if (event.key === "Enter") choose(marked());
  else if (event.key === "Tab" && !list().childElementCount) return;
  else if (steps[event.key]) move(steps[event.key]);
  else return;
  event.preventDefault();
}

export function startPalette(runner) {
  run = runner;
  input()?.addEventListener("input", written);
  input()?.addEventListener("keydown", keydown);
  list()?.addEventListener("click", (event) => choose(event.target.closest("[role=option]")));
  dialog()?.addEventListener("click", (event) => {
    if (event.target === dialog() || event.target.closest("[data-close-palette]")) dialog().close();
  });
  document.addEventListener("click", (event) => event.target.closest?.("[data-open-palette]") && openPalette());
}
