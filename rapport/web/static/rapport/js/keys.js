// The keyboard. Single keys, never while one types.
import { focusComposer } from "./composer.js";
import { rows } from "./panes.js";

const PLACES = { i: "/inbox/mine/", m: "/inbox/teams/", u: "/inbox/unowned/", a: "/inbox/all/" };
let going = 0;

function typing(target) {
  return target.closest("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
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
  if (!row) return false;
  row.click();
  return true;
}

function press(selector) {
  const element = document.querySelector(selector);
  if (!element) return false;
  element.click();
  return true;
}

function assign() {
  const menu = document.getElementById("assign-menu");
  if (!menu) return false;
  menu.open = true;
  menu.querySelector("button")?.focus();
  return true;
}

function search() {
  const field = document.querySelector("input[type=search]");
  if (field) field.focus();
  else location.href = "/search/";
  return true;
}

function help() {
  document.getElementById("keys-dialog")?.showModal();
  return true;
}

const KEYS = {
  j: () => move(1), k: () => move(-1), ArrowDown: () => inList() && move(1), ArrowUp: () => inList() && move(-1),
  o: openRow, e: () => press("[data-key=e]"), r: () => focusComposer("reply"), n: () => focusComposer("note"),
  a: assign, "/": search, "?": help,
  g: () => { going = Date.now(); return true; },
};

function inList() {
  return Boolean(document.activeElement?.closest(".row-link"));
}

function escape(event) {
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (typing(event.target)) {
    event.target.blur();
    document.querySelector(".row-link[aria-current=true]")?.focus();
  }
}

function menuMove(event) {
  const menu = event.target.closest("details.menu[open]");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement);
  items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1) + items.length) % items.length]?.focus();
  return true;
}

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return escape(event);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (menuMove(event)) return event.preventDefault();
    if (Date.now() - going < 1500 && PLACES[event.key]) {
      going = 0;
      location.href = PLACES[event.key];
      return event.preventDefault();
    }
    if (KEYS[event.key]?.()) event.preventDefault();
  });
}
