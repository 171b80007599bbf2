// Says that this page looks at a conversation, and whether one types; shows who else does. Never what is typed.
const EVERY_MS = 20000;
const IDLE_MS = 6000;
let shown = null;
let typing = "";
let beat = 0;
let asked = 0;
let idle = 0;

const article = () => document.querySelector("[data-conversation][data-here]");
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

// What was asked before something newer is not laid over it.
async function ask(given) {
  const { id, url } = shown;
  const mine = (asked += 1);
  const response = await fetch(url, { headers: { "HX-Request": "true" }, ...given }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const html = await response.text();
  if (mine === asked) draw(id, html);
}

function draw(id, html) {
  const box = document.getElementById("presence");
  if (!box || article()?.dataset.conversation !== id) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (fresh && fresh.outerHTML !== box.outerHTML) box.replaceWith(fresh);
}

function form(fields) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", token());
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}

function say() {
  if (shown) ask({ method: "POST", body: form({ typing }) });
}

function leave() {
  clearInterval(beat);
  clearTimeout(idle);
  if (shown) navigator.sendBeacon(shown.url, form({ leave: "1" }));
  shown = null;
  typing = "";
}

function look() {
  const open = article();
  const id = document.visibilityState === "visible" ? open?.dataset.conversation : undefined;
  if (id === shown?.id) return;
  leave();
  if (!id) return;
  shown = { id, url: open.dataset.here };
  say();
  beat = setInterval(say, EVERY_MS);
}

function type(kind) {
  clearTimeout(idle);
  if (kind) idle = setTimeout(() => type(""), IDLE_MS);
  if (kind === typing) return;
  typing = kind;
  say();
}

function written(event) {
  const box = event.target.closest?.("#composer");
  if (!box || !event.target.matches("textarea, [contenteditable]")) return;
  type(box.querySelector("[name=kind]:checked")?.value === "note" ? "note" : "reply");
}

export function hear(id) {
  if (shown?.id === id) ask({});
}

export function startPresence() {
  look();
  document.addEventListener("input", written);
  document.addEventListener("submit", (event) => event.target.id === "composer" && type(""));
  document.addEventListener("visibilitychange", look);
  document.addEventListener("htmx:afterSettle", (event) => event.detail.target?.id === "detail" && look());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", look);
}
