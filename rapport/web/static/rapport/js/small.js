// Small things: toasts that go, menus that close, dialogs that open, the theme at once.
const TOAST_MS = 10000;

// What somebody reads or is about to press stays; what went wrong stays until it is dismissed.
function closeLater(toast) {
  if (toast.dataset.timed || "stays" in toast.dataset) return;
  toast.dataset.timed = "1";
  const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, TOAST_MS) : toast.remove());
  setTimeout(go, TOAST_MS);
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

function watchToasts() {
  const toasts = document.getElementById("toasts");
  if (!toasts) return;
  const time = () => toasts.querySelectorAll("[data-toast]").forEach(closeLater);
  new MutationObserver(time).observe(toasts, { childList: true, subtree: true });
  time();
}

function setTheme(event) {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  const data = new FormData(form);
  data.set("theme", theme);
  fetch(form.action, { method: "POST", body: data });
}

// A form that came back with something wrong begins where that is.
function toWhatIsWrong() {
  if (document.activeElement === document.body) document.querySelector("[aria-invalid=true]")?.focus();
}

// What was opened before htmx had come, and says that it is loading, is asked for now.
function catchUp() {
  const late = "details[open][hx-trigger^=toggle], details[open]:has([hx-trigger^=toggle])";
  for (const opened of document.querySelectorAll(late)) opened.dispatchEvent(new Event("toggle"));
}

export function startSmall() {
  // htmx looks at the page at this event too, and was there first.
  document.addEventListener("DOMContentLoaded", catchUp);
  watchToasts();
  toWhatIsWrong();
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-toast]")) event.target.closest("[data-toast]").remove();
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
    closeMenus(event.target);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.menu") && event.target.open) closeMenus(event.target);
  }, true);
  document.addEventListener("submit", setTheme);
  // It stays in the page until the answer is there, which has no place to tell anything from otherwise.
  document.addEventListener("submit", (event) => event.target.closest("[data-toast]")?.toggleAttribute("hidden", true));
  document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("[data-toast]")?.remove());
}
