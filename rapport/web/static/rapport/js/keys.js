// The keyboard. Which key does what stands in the list behind "?", which the server writes; here is how it is done.
import { focusComposer } from "./composer.js";
import { openPalette, startPalette } from "./palette.js";
import { isOpening, rows } from "./panes.js";
import { act, clear, count, extend, selectAll, subjects, toggleCurrent, undo } from "./select.js";

const SEQUENCE_MS = 1500;
const PAUSE_MS = 700;
const keys = new Map();
let first = "";
let since = 0;
let meant = "";
let lost = 0;
// What does not depend on which conversation is open.
const ANYTIME = new Set(["next", "previous", "open", "palette", "search", "help", "undo", "back"]);

function typing(target) {
  return target.closest?.("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
}

function inList() {
  return Boolean(document.activeElement?.closest(".row-link"));
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const focused = all.indexOf(document.activeElement?.closest(".row-link"));
  const open = all.findIndex((link) => link.getAttribute("aria-current") === "true");
  const from = focused >= 0 ? focused : open;
  const next = all[Math.min(all.length - 1, Math.max(0, from < 0 ? 0 : from + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function openRow() {
  const row = document.activeElement?.closest(".row-link");
  row?.click();
  return Boolean(row);
}

function press(selector) {
  const element = document.querySelector(selector);
  element?.click();
  return Boolean(element);
}

// The menu of the bar when several are selected, else that of the open conversation, else the palette knows.
function menu(inBar, inTalk, letters) {
  const found = document.querySelector(count() ? inBar : inTalk);
  if (!found) return subjects().length > 0 && (openPalette(letters), true);
  found.open = true;
  found.querySelector("button")?.focus();
  return true;
}

function resolve() {
  if (!count()) return press("[data-key=e]");
  return press("#bulk [name=verb][value=resolve], #bulk [name=verb][value=reopen]");
}

// Said twice, it is taken back.
function interest(wanted) {
  if (count() && wanted === "follow") return act("follow"), true;
  const on = document.querySelector(`#interest-menu [value=${wanted}][aria-pressed=true]`);
  return press(`#interest-menu [value=${on ? "none" : wanted}]`);
}

function search() {
  const field = document.querySelector("input[type=search]");
  if (field) field.focus();
  else location.href = document.querySelector(".side-search")?.getAttribute("href") ?? "/search/";
  return true;
}

function help() {
  document.getElementById("keys-dialog")?.showModal();
  return true;
}

const DO = {
  next: (event) => (event?.key !== "ArrowDown" || inList()) && move(1),
  previous: (event) => (event?.key !== "ArrowUp" || inList()) && move(-1),
  // A link opens by Enter of itself.
  open: (event) => event?.key !== "Enter" && openRow(),
  toggle: toggleCurrent,
  "extend-next": () => extend(1),
  "extend-previous": () => extend(-1),
  "select-all": selectAll,
  reply: () => focusComposer("reply"),
  note: () => focusComposer("note"),
  assign: () => menu("#bulk [data-choices*=assign]", "#assign-menu", "assign "),
  snooze: () => menu("#bulk [data-choices*=snooze]", "#snooze-menu", "snooze "),
  accept: () => press("[data-key=y]"),
  resolve,
  unread: () => subjects().length > 0 && (act("unread"), true),
  spam: () => subjects().length > 0 && (act("spam"), true),
  follow: () => interest("follow"),
  mute: () => interest("mute"),
  merge: () => (count() > 1 ? (act("merge"), true) : press("[data-run-key=merge]")),
  split: () => press("[data-run-key=split]"),
  link: () => press("[data-run-key=link]"),
  palette: () => (openPalette(), true),
  search,
  undo,
  help,
  back: () => press("[data-key=back]"),
};

export function run(name, event) {
  // The first that is meant for a conversation still on its way waits for it; what is pressed after it is dropped.
  if (isOpening() && !ANYTIME.has(name)) {
    meant ||= name;
    return true;
  }
  const place = document.querySelector(`#keys-dialog [data-run="${CSS.escape(name)}"]`)?.dataset.go;
  if (place) location.href = place;
  return Boolean(place) || Boolean(DO[name]?.(event));
}

function learn() {
  const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
  for (const row of document.querySelectorAll("#keys-dialog [data-keys]")) {
    for (const key of row.dataset.keys.split("|")) keys.set(key, row.dataset.run);
    if (mac) row.querySelectorAll("kbd").forEach((cap) => { if (cap.textContent === "Ctrl") cap.textContent = "⌘"; });
  }
}

function named(event) {
  const shifted = event.shiftKey && (event.key.length > 1 || /^\p{L}$/u.test(event.key));
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? "Mod+" : ""}${shifted ? "Shift+" : ""}${key}`;
}

function escape(event) {
  const opened = document.querySelector("details.menu[open]");
  if (opened) {
    opened.open = false;
    opened.querySelector("summary").focus();
  } else if (typing(event.target)) {
    // It leaves the field; browsers would also empty a field of search, and with it the list.
    event.preventDefault();
    event.target.blur();
    document.querySelector(".row-link[aria-current=true]")?.focus();
  } else clear();
}

function menuMove(event) {
  const opened = event.target.closest?.("details.menu[open]");
  if (!opened || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
  const items = [...opened.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1) + items.length) % items.length]?.focus();
  return true;
}

// Who pressed keys before this had come ("r", and then words) is in the middle of them: no command until they pause.
function inTheMiddle() {
  const on = Date.now() - lost < PAUSE_MS;
  lost = on ? Date.now() : 0;
  return on;
}

function pressed(event) {
  if (event.isComposing || event.altKey || event.defaultPrevented) return;
  const key = named(event);
  // The palette opens from everywhere, also while one types; all else leaves what one types alone.
  if (keys.get(key) === "palette" && !document.querySelector("dialog[open]")) return run("palette") && event.preventDefault();
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return escape(event);
  if (typing(event.target) || inTheMiddle()) return;
  if (menuMove(event)) return event.preventDefault();
  const sequence = Date.now() - since < SEQUENCE_MS && keys.get(`${first} ${key}`);
  since = 0;
  if (sequence && run(sequence, event)) return event.preventDefault();
  if ([...keys.keys()].some((known) => known.startsWith(`${key} `))) [first, since] = [key, Date.now()];
  else if (keys.has(key) && run(keys.get(key), event)) event.preventDefault();
}

function arrived(event) {
  if (event.detail.target?.id !== "detail") return;
  const name = meant;
  meant = "";
  if (name) run(name);
}

export function startKeys() {
  learn();
  if (performance.eventCounts?.get("keydown") && !typing(document.activeElement)) lost = Date.now();
  document.addEventListener("htmx:afterSettle", arrived);
  document.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.successful) meant = ""; });
  startPalette(run);
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-run]");
    if (button) run(button.dataset.run);
  });
}
