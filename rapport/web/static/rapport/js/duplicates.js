// Possible duplicates: one pair after the other by single keys. The keys stand on the buttons; the server decides.
let busy = false;

function typing(target) {
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length !== 1 || typing(event.target) || document.querySelector("dialog[open]")) return;
  const found = document.querySelector(`#review [data-twin="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!found) return;
  event.preventDefault();
  // What is pressed while an answer is on its way would be meant for a pair that is not there yet.
  if (busy) return;
  if (found.matches("summary")) {
    found.parentElement.open = true;
    found.parentElement.querySelector("input[type=checkbox]").focus();
  } else found.click();
}

document.addEventListener("keydown", pressed);
document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.closest?.("#review")) busy = true; });
document.addEventListener("htmx:afterRequest", () => { busy = false; });
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "review") document.getElementById("review-pair")?.focus({ preventScroll: true });
});
