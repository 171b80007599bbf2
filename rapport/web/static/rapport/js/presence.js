// Says that this page looks at a conversation, and whether one types; shows who else does. Never what is typed.
const EVERY_MS = 20000;
const IDLE_MS = 6000;
let shown = null;
let typing = "";
let beat = 0;
let idle = 0;

const article = () => document.querySelector("[data-conversation][data-here]");
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

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

async function say() {
  if (!shown) return;
  const { id, url } = shown;
  const response = await fetch(url, { method: "POST", body: form({ typing }), headers: { "HX-Request": "true" } }).catch(() => null);
  if (response?.ok && !response.redirected) draw(id, await response.text());
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

export async function hear(id) {
  if (shown?.id !== id) return;
  const response = await fetch(shown.url, { headers: { "HX-Request": "true" } });
  if (response.ok && !response.redirected) draw(id, await response.text());
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
