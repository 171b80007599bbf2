// The box in which one writes. What makes it rich is fetched only where there is a box.
import { hold, part, sent } from "./early.js";

let loading = null;
const form = () => document.querySelector("[data-composer]");

function writing() {
  loading ??= import("./writing.js");
  return loading;
}

function look() {
  if (!form()) return;
  rest();
  if (form().classList.contains("has-ways")) import("./ways.js").then((module) => module.startWays());
  writing().then((module) => {
    const { editor } = module.attach(form());
    if (editor.root.textContent.trim()) form().classList.remove("composer-rest");
  });
}

export function focusComposer(kind) {
  const box = form();
  if (!box) return false;
  const tab = box.querySelector(`[name=kind][value=${kind}]`);
  if (tab && !tab.checked) tab.click();
  // At once: what is typed until the editor has come is words already, and no keys.
  const area = box.querySelector("textarea[name=text]:not([disabled])");
  area?.focus();
  area?.setSelectionRange(area.value.length, area.value.length);
  writing().then((module) => module.attach(box).editor.focus());
  return true;
}

// Sent before the editor has come: it comes first, or it would take words that are gone for words not sent yet.
function submitted(event) {
  const box = event.target;
  if (box !== form() || box.querySelector(".editor") || box.dataset.plain) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (box.dataset.waits) return;
  box.dataset.waits = "yes";
  const { submitter } = event;
  if (box.dataset.conversationId) hold(box);
  const send = (module) => {
    const writer = module?.attach(box);
    const typed = sent(box);
    if (!module) box.dataset.plain = "yes";
    writer?.choose(typed.kind);
    box.requestSubmit(submitter);
    writer?.goOnWith(typed);
  };
  writing().then(send, () => send());
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

// On a phone the empty box is one line until one comes to write.
function rest() {
  const box = form();
  if (!box || box.matches(":focus-within") || box.dataset.kind) return;
  const written = box.querySelector("textarea[name=text]")?.value.trim() || box.querySelector(".editor")?.textContent.trim();
  const carries = box.querySelector("[data-uploads] > *, [role=alert], [data-stop], img");
  if (!written && !carries) box.classList.add("composer-rest");
}

function wake(event) {
  event.target.closest?.(".composer-rest")?.classList.remove("composer-rest");
}

export function startComposer() {
  document.addEventListener("submit", submitted, true);
  document.addEventListener("change", part);
  document.addEventListener("focusin", wake);
  document.addEventListener("input", wake);
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
