// The box in which one writes. What makes it rich is fetched only where there is a box.
let loading = null;
const form = () => document.querySelector("[data-composer]");

function writing() {
  loading ??= import("./writing.js");
  return loading;
}

function look() {
  if (form()) writing().then((module) => module.attach(form()));
}

export function focusComposer(kind) {
  const box = form();
  if (!box) return false;
  const tab = box.querySelector(`[name=kind][value=${kind}]`);
  if (tab && !tab.checked) tab.click();
  writing().then((module) => module.attach(box).editor.focus());
  return true;
}

// What was just sent comes back with the key that takes everything back, unless one is writing something else.
function takeBack(event) {
  if (event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  const typed = event.target.closest?.("input, textarea, [contenteditable]");
  if (typed && (typed.value ?? typed.textContent).trim()) return;
  const button = document.querySelector("[data-undo-send] button, #toasts [data-toast]:last-child:not([hidden]) form button");
  if (!button) return;
  event.preventDefault();
  button.click();
}

export function startComposer() {
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("[data-composer]")) {
      event.preventDefault();
      form().requestSubmit(form().querySelector(".send-group > button, .form-actions button"));
    }
    takeBack(event);
  });
  look();
}
