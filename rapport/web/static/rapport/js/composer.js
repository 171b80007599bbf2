// What one types is never lost: the draft lies in this browser until it is sent.
const key = (form) => `rapport-draft-${form.dataset.draft}`;
const form = () => document.getElementById("composer");

function nameFiles(box, field) {
  box.querySelector("[data-file-names]").textContent = [...field.files].map((file) => file.name).join(", ");
}

// Only "input": the box says "change" when it is taken off the page, with what has just been sent.
function keep(event) {
  const box = event.target.closest?.("#composer");
  if (!box) return;
  if (event.target.matches("[data-files]")) return nameFiles(box, event.target);
  const draft = { text: box.elements.text.value, kind: box.elements.kind?.value, to: box.elements.to?.value, cc: box.elements.cc?.value };
  if (draft.text.trim()) localStorage.setItem(key(box), JSON.stringify(draft));
  else localStorage.removeItem(key(box));
}

function restore() {
  const box = form();
  if (!box || box.dataset.restored) return;
  box.dataset.restored = "1";
  const kept = localStorage.getItem(key(box));
  if (!kept || box.elements.text.value) return;
  const draft = JSON.parse(kept);
  box.elements.text.value = draft.text;
  for (const name of ["to", "cc"]) if (draft[name] && box.elements[name]) box.elements[name].value = draft[name];
  const tab = box.querySelector(`[name=kind][value="${draft.kind === "note" ? "note" : "reply"}"]`);
  if (tab) tab.checked = true;
}

function sent(event) {
  const box = event.detail.requestConfig?.elt?.closest("#composer");
  if (box && event.detail.xhr.status < 400) localStorage.removeItem(key(box));
}

export function focusComposer(kind) {
  const box = form();
  if (!box) return false;
  const tab = box.querySelector(`[name=kind][value=${kind}]`);
  if (tab) tab.checked = true;
  box.elements.text.focus();
  return true;
}

export function startComposer() {
  document.addEventListener("input", keep);
  document.addEventListener("htmx:beforeSwap", sent);
  document.addEventListener("htmx:afterSettle", restore);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#composer")) {
      event.preventDefault();
      form().requestSubmit();
    }
  });
  restore();
}
