// Hears that something changed, never what, and asks the ordinary pages for it.
import { refreshTimes } from "./times.js";
import { markOpen } from "./panes.js";
import { hear } from "./presence.js";

const GATHER_MS = 60;
const PAGE_MS = 10;
const BUSY_MS = 10000;
const EACH_MS = 50;
const FEW = 5;
const ROWS_AT_ONCE = 50;
const COUNTS_MS = 800;
const VIEWERS_MS = 2500;
const STALE_MS = 45000;
const POINTING_MS = 1500;
const changed = new Set();
// What one did oneself, and took back: it is shown at once, in its place.
const asked = new Set();
const viewed = new Set();
const waiting = new Map();
let heard = [];
let gathering = 0;
let counting = 0;
let viewing = 0;
let pointed = 0;
let source = null;
let pause = 1000;
let pages = 1;

const list = () => document.getElementById("rows");
const scroller = () => document.getElementById("list-scroll");
const rowOf = (id) => document.getElementById(`c-${id}`);

// Null when nothing came: a line that breaks must not end the listening.
async function fragment(url) {
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" } });
    if (response.redirected || !response.ok) return null;
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    return template.content;
  } catch {
    return null;
  }
}

// The busier the company, and the more pages are open, the longer a list waits: two hundred must not ask at once, nor
// for each of twenty mails a second. What one has open, or did oneself, is never kept waiting.
function patience() {
  const now = Date.now();
  heard = heard.filter((at) => now - at < BUSY_MS);
  if (heard.length < FEW) return GATHER_MS + Math.random() * pages * PAGE_MS;
  return Math.min(BUSY_MS, heard.length * EACH_MS) * (0.75 + Math.random() / 2);
}

function gather(id) {
  heard.push(Date.now());
  if (acting) meanwhile.add(id);
  changed.delete(id);
  changed.add(id);
  const own = asked.has(id) || document.querySelector("[data-conversation]")?.dataset.conversation === id;
  if (gathering && !own) return;
  clearTimeout(gathering);
  gathering = setTimeout(refresh, own ? GATHER_MS : patience());
}

// Those that are shown, and the latest of the others: more than a page of new ones nobody sees.
function due() {
  const latest = [...changed].reverse();
  const ids = [...latest.filter(rowOf), ...latest.filter((id) => !rowOf(id))].slice(0, ROWS_AT_ONCE);
  changed.clear();
  return ids;
}

async function refresh() {
  const ids = due();
  await Promise.all([refreshRows(ids), refreshOpen(ids)]);
  gathering = changed.size ? setTimeout(refresh, patience()) : 0;
  if (!counting) counting = setTimeout(refreshCounts, COUNTS_MS);
}

// Who looks is drawn on rows that are there, a few times a minute at most.
function gatherViewers(id) {
  hear(id);
  if (!rowOf(id)) return;
  viewed.add(id);
  if (!viewing) viewing = setTimeout(async () => {
    viewing = 0;
    const ids = [...viewed].slice(0, 50);
    viewed.clear();
    await refreshRows(ids);
  }, VIEWERS_MS);
}

// An answer that comes late is not laid over a later question's, nor over what one has just done oneself.
const latest = new Map();

async function refreshRows(ids) {
  if (!list()?.dataset.rowsUrl || !ids.length) return;
  const turn = {};
  for (const id of ids) latest.set(id, turn);
  const url = list().dataset.rowsUrl;
  const found = await fragment(`${url}&ids=${ids.join(",")}`);
  const still = ids.filter((id) => latest.get(id) === turn && !(asked.has(id) && changed.has(id)));
  for (const id of still) latest.delete(id);
  if (!found) return;
  const fresh = new Map([...found.querySelectorAll(".row")].map((row) => [row.dataset.id, row]));
  for (const id of still) place(id, fresh.get(id));
  const empty = document.getElementById("list-empty");
  if (empty) empty.hidden = Boolean(list().querySelector(".row")) || waiting.size > 0;
  pill();
  markOpen();
}

// A row that grows or goes above what one reads must not move it.
function steady(change) {
  const box = scroller();
  const top = box.scrollTop;
  const first = [...list().children].find((row) => row.getBoundingClientRect().bottom > box.getBoundingClientRect().top);
  const at = first?.getBoundingClientRect().top;
  change();
  if (top > 0 && first?.isConnected) box.scrollTop += first.getBoundingClientRect().top - at;
}

// What one points at, or stands on, must not slip away: new rows wait in the pill, changed ones stay where they are.
function held() {
  const pointing = scroller().matches(":hover") && Date.now() - pointed < POINTING_MS;
  return scroller().scrollTop > 40 || pointing || list().contains(document.activeElement);
}

function place(id, row) {
  const old = rowOf(id);
  const own = asked.delete(id);
  if (!row) {
    waiting.delete(id);
    if (old && !old.contains(document.activeElement)) steady(() => old.remove());
    return;
  }
  if (old && (old.dataset.at === row.dataset.at || old === list().firstElementChild)) return replace(old, row);
  if (!old && list().querySelector(".row-more") && older(row)) return;
  waiting.delete(id);
  if (own) return steady(() => insert(row, old));
  if (held()) {
    if (old) replace(old, row);
    else waiting.set(id, row);
    return;
  }
  insert(row, old);
}

function older(row) {
  const all = list().querySelectorAll(".row");
  return all.length > 0 && all[all.length - 1].dataset.at > row.dataset.at;
}

function replace(old, row) {
  const focused = old.contains(document.activeElement);
  steady(() => old.replaceWith(row));
  ready(row, focused);
}

function insert(row, old) {
  const focused = old?.contains(document.activeElement);
  old?.remove();
  const next = [...list().querySelectorAll(".row")].find((other) => other.dataset.at < row.dataset.at);
  list().insertBefore(row, next ?? list().querySelector(".row-more"));
  row.classList.add("row-fresh");
  ready(row, focused);
}

function ready(row, focused) {
  htmx.process(row);
  refreshTimes(row);
  if (focused) row.querySelector(".row-link").focus({ preventScroll: true });
}

function pill() {
  const button = document.getElementById("fresh-pill");
  if (!button) return;
  button.hidden = waiting.size === 0;
  button.textContent = waiting.size === 1 ? button.dataset.one : button.dataset.many.replace("%s", waiting.size.toLocaleString(document.documentElement.lang));
}

function showWaiting() {
  for (const [id, row] of waiting) insert(row, rowOf(id));
  waiting.clear();
  pill();
  scroller().scrollTop = 0;
}

// What one does oneself shows the conversation anew: what was asked before it must not be laid over it, and what comes
// of it must not be seen before it, or one would go on in a box that is about to be emptied. What changed while a
// conversation was on its way is asked for once it is there.
let acts = 0;
let acting = 0;
const meanwhile = new Set();
let shown = 0;
let asking = 0;

function act(event) {
  if (event.detail.target?.id !== "detail") return;
  acts += 1;
  acting += 1;
  // Once it is shown, or failed: what asked for it may be gone from the page by then.
  event.detail.xhr.addEventListener("loadend", () => {
    acts += 1;
    acting -= 1;
    if (acting) return;
    const open = document.querySelector("[data-conversation]")?.dataset.conversation;
    if (meanwhile.has(open)) gather(open);
    meanwhile.clear();
  });
}
document.addEventListener("htmx:beforeRequest", act);

async function refreshOpen(ids) {
  const open = document.querySelector("[data-conversation]");
  const id = open?.dataset.conversation;
  if (!open || !ids.includes(id)) return undefined;
  const before = acts;
  const turn = ++asking;
  const found = acting ? null : await fragment(open.dataset.fresh);
  if (acting) meanwhile.add(id);
  if (acting || !found || turn < shown) return undefined;
  if (acts !== before) return refreshOpen(ids);
  shown = turn;
  const head = document.getElementById("conversation-head");
  if (head && !head.querySelector("details[open]") && !head.contains(document.activeElement)) swap(head, found.querySelector("#conversation-head"));
  const why = found.querySelector("#why");
  const oldWhy = document.getElementById("why");
  if (why && oldWhy && !oldWhy.open && !oldWhy.contains(document.activeElement) && why.textContent !== oldWhy.textContent) swap(oldWhy, why);
  mergeTimeline(found.querySelector("#timeline"));
  return undefined;
}

function swap(old, fresh) {
  if (!fresh) return;
  old.replaceWith(fresh);
  htmx.process(fresh);
  refreshTimes(fresh);
}

// Only entries that changed are replaced: an open frame or a selection in the others stays.
function mergeTimeline(fresh) {
  const timeline = document.getElementById("timeline");
  const box = document.getElementById("timeline-scroll");
  if (!timeline || !fresh || !box) return;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  let last = null;
  for (const item of [...fresh.querySelectorAll(".item")]) {
    const old = document.getElementById(item.id);
    if (old && old.dataset.revision !== item.dataset.revision) swap(old, item);
    else if (!old) {
      if (last) last.after(item);
      else timeline.append(item);
      htmx.process(item);
      refreshTimes(item);
    }
    last = document.getElementById(item.id);
  }
  if (atEnd) box.scrollTop = box.scrollHeight;
}

let counted = 0;
let countsShown = 0;

async function refreshCounts() {
  counting = 0;
  const side = document.getElementById("side-counts");
  if (!side || side.contains(document.activeElement)) return;
  const current = side.querySelector("[aria-current]")?.getAttribute("href") ?? "";
  const turn = ++counted;
  const found = await fragment(document.body.dataset.counts);
  if (!found || turn < countsShown || side.contains(document.activeElement)) return;
  countsShown = turn;
  found.querySelector(`[href="${CSS.escape(current)}"]`)?.setAttribute("aria-current", "page");
  for (const link of found.querySelectorAll("a")) {
    if (link.getAttribute("href") === current) link.setAttribute("aria-current", "page");
  }
  side.replaceChildren(found);
}

const tell = (kind, detail) => document.dispatchEvent(new CustomEvent(`rapport:${kind}`, { detail }));

async function refreshAll() {
  const shown = [...document.querySelectorAll("#rows .row")].slice(0, 40).map((row) => row.dataset.id);
  const open = document.querySelector("[data-conversation]")?.dataset.conversation;
  [...shown, open].filter(Boolean).forEach(gather);
  if (!counting) counting = setTimeout(refreshCounts, COUNTS_MS);
  tell("changed");
  tell("notice");
  if (open) tell("draft", open);
  const rowsUrl = list()?.dataset.rowsUrl;
  if (!rowsUrl) return;
  const found = await fragment(`${rowsUrl}&newest=1`);
  for (const row of found?.querySelectorAll(".row") ?? []) if (!rowOf(row.dataset.id)) place(row.dataset.id, row);
  pill();
}

function state(name, words) {
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.dataset.state = name;
    element.textContent = words;
  }
}

function listen(token, again) {
  const url = new URL(document.body.dataset.live, location.href);
  url.searchParams.set("token", token);
  source = new EventSource(url);
  source.onopen = () => {
    pause = 1000;
    state("live", document.body.dataset.wordLive);
    if (again) refreshAll();
  };
  source.addEventListener("change", (event) => {
    const { k, id } = JSON.parse(event.data);
    if (k === "conversation") gather(id);
    if (k === "presence") gatherViewers(id);
    if (k === "conversation") tell("changed", id);
    if (k === "draft" || k === "notice") tell(k, id);
  });
  source.addEventListener("hello", (event) => { pages = Math.min(JSON.parse(event.data).n, 500); });
  source.addEventListener("refresh", () => setTimeout(refreshAll, Math.random() * pages * PAGE_MS));
  source.onerror = () => {
    source.close();
    state("lost", document.body.dataset.wordLost);
    setTimeout(reconnect, pause * (0.7 + Math.random() * 0.6));
    pause = Math.min(pause * 2, 30000);
  };
}

// A ticket is good for two minutes; every connection but the first asks for a new one.
async function reconnect() {
  try {
    const response = await fetch(document.body.dataset.liveToken);
    if (response.redirected) return location.reload();
    if (!response.ok) throw new Error(String(response.status));
    listen((await response.json()).token, true);
  } catch {
    setTimeout(reconnect, pause);
    pause = Math.min(pause * 2, 30000);
  }
}

// Who left without a word goes from the rows too.
function lookAgain() {
  const ids = [...document.querySelectorAll("#rows .row:has(.row-viewers)")].map((row) => row.dataset.id).slice(0, 50);
  if (document.visibilityState === "visible") refreshRows(ids);
}

export function startLive() {
  document.addEventListener("rapport:refresh", (event) => event.detail.forEach((id) => gather(id, asked.add(id))));
  if (!document.body.dataset.liveStart) return;
  document.getElementById("fresh-pill")?.addEventListener("click", showWaiting);
  scroller()?.addEventListener("pointermove", () => { pointed = Date.now(); }, { passive: true });
  scroller()?.addEventListener("scroll", () => scroller().scrollTop < 8 && waiting.size && showWaiting(), { passive: true });
  listen(document.body.dataset.liveStart, false);
  setInterval(lookAgain, STALE_MS);
  addEventListener("pagehide", () => source?.close());
}
