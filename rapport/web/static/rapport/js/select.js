// Several conversations at once: which are selected, and what is done to them. Everything can be taken back.
import { rows } from "./panes.js";

const LONG_PRESS_MS = 450;
const MOVED_PX = 10;
const KEPT_MAX = 20;
const chosen = new Set();
const done = [];
let anchor = null;
let press = null;
let touched = false;
let acting = 0;
let sent = null;
let unwanted = false;

const form = () => document.getElementById("bulk");
const boxes = () => [...document.querySelectorAll("#rows .row-check")];
const open = () => document.querySelector("[data-conversation]")?.dataset.conversation;

export const count = () => chosen.size;

// What an action is about: what is selected, else the conversation that is open.
export function subjects() {
  if (chosen.size) return [...chosen];
  return open() ? [open()] : [];
}

function show() {
  const all = boxes();
  for (const box of all) {
    box.checked = chosen.has(box.value);
    box.closest(".row").classList.toggle("row-chosen", box.checked);
  }
  const bar = form();
  if (!bar) return;
  bar.closest(".list-pane").classList.toggle("selecting", chosen.size > 0);
  const words = bar.querySelector(".bulk-count");
  words.textContent = chosen.size ? words.dataset.words.replace("%s", chosen.size.toLocaleString(document.documentElement.lang)) : "";
  const whole = document.getElementById("bulk-all");
  whole.checked = all.length > 0 && chosen.size >= all.length;
  whole.indeterminate = chosen.size > 0 && !whole.checked;
  for (const item of bar.querySelectorAll("[data-from]")) item.disabled = chosen.size < Number(item.dataset.from);
}

function set(id, on) {
  if (on) chosen.add(id);
  else chosen.delete(id);
}

function toggle(id, range = false) {
  const ids = boxes().map((box) => box.value);
  const on = !chosen.has(id);
  const [from, to] = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
  if (range && anchor && from >= 0) ids.slice(from, to + 1).forEach((one) => set(one, true));
  else set(id, on);
  anchor = id;
  show();
}

const idOf = (element) => element?.closest?.(".row")?.dataset.id;
const current = () => idOf(document.activeElement) ?? open();

export function toggleCurrent() {
  const id = current();
  if (!id || !document.getElementById(`c-${id}`)) return false;
  toggle(id);
  return true;
}

// Takes the row one stands on and the one beside it, and goes there.
export function extend(step) {
  const links = rows();
  const at = links.findIndex((link) => idOf(link) === current());
  const next = links[at + step];
  if (at >= 0) set(idOf(links[at]), true);
  if (next) {
    set(idOf(next), true);
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    anchor = idOf(next);
  }
  show();
  return links.length > 0;
}

export function selectAll() {
  const all = boxes();
  if (!all.length || document.activeElement?.closest("#detail")) return false;
  all.forEach((box) => chosen.add(box.value));
  show();
  return true;
}

export function clear() {
  if (!chosen.size) return false;
  chosen.clear();
  anchor = null;
  show();
  return true;
}

function toast(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  document.getElementById("toasts").append(template.content);
}

// What went wrong is told in the words of the page that came instead.
function explain(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const box = document.createElement("div");
  box.className = "toast toast-warn";
  box.dataset.toast = "";
  box.textContent = page.querySelector("[role=alert] p")?.textContent ?? document.body.dataset.wordBroken ?? "";
  document.getElementById("toasts").append(box);
}

async function send(url, data) {
  data.set("csrfmiddlewaretoken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
  const busy = document.getElementById("busy");
  busy?.classList.add("htmx-request");
  try {
    const response = await fetch(url, { method: "POST", body: data, headers: { "HX-Request": "true" } });
    if (response.headers.get("HX-Redirect")) location.href = response.headers.get("HX-Redirect");
    const text = await response.text();
    if (!response.ok) explain(text);
    else toast(text);
    return response.ok;
  } catch {
    explain("");
    return false;
  } finally {
    busy?.classList.remove("htmx-request");
  }
}

const tell = (ids) => document.dispatchEvent(new CustomEvent("rapport:refresh", { detail: ids }));

// A row that goes must not take the focus with it: the next that stays has it then.
function stepAside(ids) {
  const leaving = new Set(ids);
  const links = rows();
  const at = links.findIndex((link) => link === document.activeElement);
  if (at < 0 || !leaving.has(idOf(links[at]))) return;
  const staying = [...links.slice(at), ...links.slice(0, at).reverse()].find((link) => !leaving.has(idOf(link)));
  if (staying) staying.focus({ preventScroll: true });
  else document.getElementById("list-scroll")?.focus();
}

export async function act(verb, value = "", ids = subjects()) {
  if (!ids.length) return false;
  const data = new FormData();
  data.set("verb", verb);
  data.set("value", value);
  data.set("ids", ids.join(","));
  if (!form()) return false;
  acting += 1;
  const well = await send(form().getAttribute("action"), data);
  acting -= 1;
  if (well) acted(ids);
  regret(well);
  return well;
}

function acted(ids) {
  const undo = [...document.querySelectorAll("#toasts [data-undo]")].pop();
  if (undo) done.push({ url: undo.getAttribute("action"), ids });
  if (done.length > KEPT_MAX) done.shift();
  clear();
  stepAside(ids);
  tell(ids);
}

// What is taken back while its answer is on the way is taken back when that has come: until then, what was done before
// it would be meant.
const onTheWay = () => acting > 0 || (sent && sent.readyState > 0 && sent.readyState < 4);

function regret(well) {
  if (!unwanted || onTheWay()) return;
  unwanted = false;
  if (well) document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true }));
}

function regretted(event) {
  if (event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey) || !onTheWay()) return;
  const typed = event.target.closest?.("input, textarea, [contenteditable]");
  if (typed && (typed.value ?? typed.textContent).trim()) return;
  unwanted = true;
  event.preventDefault();
  event.stopImmediatePropagation();
}

async function takeBack(url) {
  const at = done.findIndex((one) => one.url === url);
  const [{ ids }] = at < 0 ? [{ ids: [] }] : done.splice(at, 1);
  document.querySelector(`#toasts [action="${CSS.escape(url)}"]`)?.closest("[data-toast]").remove();
  if (await send(url, new FormData())) tell(ids);
}

// The latest toast that offers it; or what was done last, though its toast has gone.
export function undo() {
  const offered = [...document.querySelectorAll("#toasts [data-toast]:not([hidden]) form")].pop();
  if (offered && !offered.matches("[data-undo]")) offered.requestSubmit();
  else if (offered) takeBack(offered.getAttribute("action"));
  else if (done.length) takeBack(done[done.length - 1].url);
  else return false;
  return true;
}

async function fill(menu) {
  const sheet = menu.querySelector(".menu-sheet");
  if (!sheet.childElementCount) {
    const response = await fetch(menu.dataset.choices, { headers: { "HX-Request": "true" } });
    if (!response.ok || response.redirected) return;
    sheet.innerHTML = await response.text();
    show();
  }
  if (menu.open && !touched) sheet.querySelector(".menu-item")?.focus();
}

function submitted(event) {
  if (event.target.matches("[data-undo]")) {
    event.preventDefault();
    takeBack(event.target.getAttribute("action"));
  } else if (event.target === form()) {
    event.preventDefault();
    const [verb, ...inline] = (event.submitter?.value ?? "").split("=");
    if (!verb) return;
    form().querySelectorAll("details[open]").forEach((menu) => { menu.open = false; });
    const when = document.getElementById("bulk-when")?.value ?? "";
    act(verb, inline.length ? inline.join("=") : verb === "snooze" ? when : "", [...chosen]);
  }
}

function clicked(event) {
  const box = event.target.closest?.(".row-check");
  const link = event.target.closest?.(".row-link");
  if (box) {
    box.checked = chosen.has(box.value);
    // The browser sets the box after this click; what counts is what we know.
    toggle(box.value, event.shiftKey);
    const on = chosen.has(box.value);
    setTimeout(() => { box.checked = on; });
  } else if (event.target.id === "bulk-all") {
    if (event.target.checked) selectAll();
    else clear();
  } else if (link && (event.shiftKey || (touched && (chosen.size || press === "long")))) {
    event.preventDefault();
    event.stopPropagation();
    if (press !== "long") toggle(idOf(link), event.shiftKey);
  }
  press = null;
}

function pressed(event) {
  touched = event.pointerType === "touch";
  const id = touched && idOf(event.target);
  if (!id) return;
  const start = { x: event.clientX, y: event.clientY };
  press = { start, timer: setTimeout(() => { press = "long"; toggle(id); navigator.vibrate?.(10); }, LONG_PRESS_MS) };
}

function moved(event) {
  if (!press?.timer) return;
  const far = Math.hypot(event.clientX - press.start.x, event.clientY - press.start.y) > MOVED_PX;
  if (event.type !== "pointermove" || far) clearTimeout(press.timer);
}

export function startSelect() {
  const list = document.getElementById("rows");
  if (list) {
    new MutationObserver(() => {
      for (const id of chosen) if (!document.getElementById(`c-${id}`)) chosen.delete(id);
      show();
    }).observe(list, { childList: true });
  }
  // A form keeps its state over a reload in some browsers; a selection is of now.
  form()?.reset();
  form()?.addEventListener("reset", () => setTimeout(clear));
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.requestConfig.verb !== "get") sent = event.detail.xhr; });
  document.addEventListener("htmx:afterRequest", (event) => setTimeout(regret, 0, event.detail.successful));
  document.addEventListener("keydown", regretted, true);
  document.addEventListener("click", clicked, true);
  document.addEventListener("submit", submitted);
  document.addEventListener("pointerdown", pressed, { passive: true });
  for (const type of ["pointermove", "pointerup", "pointercancel"]) document.addEventListener(type, moved, { passive: true });
  document.addEventListener("contextmenu", (event) => press === "long" && event.preventDefault());
  document.addEventListener("toggle", (event) => event.target.dataset?.choices && event.target.open && fill(event.target), true);
  show();
}
