// The bell, and the browsers that are told when the page is closed.
const title = document.title;

let asked = 0;

async function refresh(id) {
  if (!document.getElementById("bell")) return;
  const mine = (asked += 1);
  const response = await fetch(`/notices/fresh/${id ? `?id=${id}` : ""}`, { headers: { "HX-Request": "true" } });
  if (response.redirected || !response.ok) return;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  if (mine === asked) document.getElementById("bell").replaceWith(template.content.querySelector("#bell"));
  document.getElementById("toasts")?.append(...template.content.querySelectorAll("[data-toast]"));
  count();
}

function count() {
  const unread = Number(document.getElementById("bell")?.dataset.unread ?? 0);
  document.title = unread ? `(${unread}) ${title}` : title;
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

async function subscribe(button) {
  const state = document.querySelector("[data-push-state]");
  try {
    const worker = await navigator.serviceWorker.register("/push-worker.js");
    const options = { userVisibleOnly: true, applicationServerKey: bytes(button.dataset.key) };
    const found = await worker.pushManager.subscribe(options);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const response = await fetch(button.dataset.url, { method: "POST", headers, body: JSON.stringify(found) });
    if (!response.ok) throw new Error(String(response.status));
    location.reload();
  } catch {
    state.hidden = false;
    state.textContent = button.dataset.refused;
  }
}

export function startNotices() {
  count();
  document.addEventListener("rapport:notice", (event) => refresh(event.detail));
  const button = document.querySelector("[data-push-on]");
  if (!button || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  button.hidden = false;
  document.querySelector("[data-push-state]").hidden = true;
  button.addEventListener("click", () => subscribe(button));
}
