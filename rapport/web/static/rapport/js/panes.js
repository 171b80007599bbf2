// The list and the room beside it: which row is open, and where the timeline stands.
const detail = () => document.getElementById("detail");
const place = () => location.pathname + location.search;
const GLIDE_MS = 160;
const EASE = "cubic-bezier(0.2, 0, 0, 1)";
let scroller = null;
let scrolled = 0;
let stood = new Map();
let keptScroll = null;
let opening = false;
// In which order conversations were asked for, and the latest of those that were shown.
const turns = new WeakMap();
let asked = 0;
let shown = 0;

// Whether another conversation is on its way: what stands there is no longer what one means.
export const isOpening = () => opening;

export function rows() {
  return [...document.querySelectorAll("#rows .row-link")];
}

export function markOpen() {
  const open = detail()?.querySelector("[data-conversation]")?.dataset.conversation;
  for (const link of rows()) {
    const current = Boolean(open) && link.closest(".row").dataset.id === open;
    if (current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function toEnd() {
  const scroll = document.getElementById("timeline-scroll");
  if (!scroll) return;
  if (location.hash.startsWith("#i-")) document.querySelector(location.hash)?.scrollIntoView();
  else scroll.scrollTop = scroll.scrollHeight;
}

function tell(html) {
  const found = document.createElement("template");
  found.innerHTML = html;
  const toasts = document.getElementById("toasts");
  toasts.append(...found.content.querySelectorAll("[data-toast]"));
  htmx.process(toasts);
}

function before(event) {
  if (event.detail.target?.id !== "detail") return;
  const open = detail().querySelector("[data-conversation]")?.dataset.conversation;
  const scroll = document.getElementById("timeline-scroll");
  const { requestConfig, xhr } = event.detail;
  const same = open && requestConfig?.path.includes(open);
  // One has gone on to another by now: of what one did before, only what there is to tell is shown, or what went wrong.
  const turn = turns.get(xhr) ?? asked;
  if (turn < shown && !same && (requestConfig?.verb === "get" || xhr.status < 400)) {
    event.detail.shouldSwap = false;
    tell(event.detail.serverResponse);
    return;
  }
  shown = Math.max(shown, turn);
  keptScroll = same && scroll ? { top: scroll.scrollTop, end: scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80 } : null;
}

function after(event) {
  if (event.detail.target?.id !== "detail") return;
  markOpen();
  const scroll = document.getElementById("timeline-scroll");
  if (scroll && keptScroll && !keptScroll.end) scroll.scrollTop = keptScroll.top;
  else toEnd();
  // What had the focus is gone with what was there before: it goes on in the conversation, never to nowhere.
  if (document.activeElement === document.body) scroll?.focus({ preventScroll: true });
  const title = detail().querySelector(".conversation-title h1");
  if (title) document.title = `${title.textContent} · Rapport`;
}

// A row that comes or goes never makes the others jump: they start where they stood and glide to where they belong.
function remember() {
  scrolled = scroller.scrollTop;
  stood = new Map([...scroller.querySelectorAll("#rows .row")].map((row) => [row.dataset.id, row.offsetTop]));
}

function glide() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const row of scroller.querySelectorAll("#rows .row")) {
    const before = stood.get(row.dataset.id);
    const moved = before === undefined ? 0 : before - scrolled - (row.offsetTop - scroller.scrollTop);
    if (!moved) continue;
    row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: still ? 1 : GLIDE_MS, easing: EASE });
  }
  remember();
}

export function startSteady() {
  scroller = document.getElementById("list-scroll");
  const list = document.getElementById("rows");
  if (!list || !scroller) return;
  remember();
  new MutationObserver(glide).observe(list, { childList: true });
  scroller.addEventListener("scroll", () => { scrolled = scroller.scrollTop; }, { passive: true });
  addEventListener("resize", remember);
}

export function startPanes() {
  document.addEventListener("htmx:beforeSwap", before);
  document.addEventListener("htmx:afterSettle", after);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "detail") turns.set(event.detail.xhr, asked += 1);
    const row = event.target.closest?.(".row-link");
    if (!row) return;
    opening = true;
    rows().forEach((link) => link.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
  });
  document.addEventListener("htmx:afterSettle", () => { opening = false; });
  document.addEventListener("htmx:afterRequest", (event) => { opening &&= event.detail.successful; });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload();
  });
  // A jump within the page (to the content, to the person) is no other page.
  let shown = place();
  document.addEventListener("htmx:pushedIntoHistory", () => { shown = place(); });
  addEventListener("popstate", () => place() !== shown && location.reload());
  document.querySelector(".sidebar [aria-current=page]")?.scrollIntoView({ block: "nearest" });
  toEnd();
}
