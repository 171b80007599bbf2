// The directory: filters that are always open where there is room, a list that is fetched again after a change.
const WIDE = matchMedia("(min-width: 821px)");

function open() {
  for (const filters of document.querySelectorAll("[data-wide-open]")) filters.open = WIDE.matches;
}

// What was changed may stand elsewhere now, or not at all; who had the focus keeps it.
async function again() {
  const results = document.getElementById("results");
  if (!results || !document.querySelector(".directory")) return;
  const focused = document.activeElement?.closest?.(".row")?.dataset.id;
  const response = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return;
  results.innerHTML = await response.text();
  window.htmx?.process(results);
  if (focused) document.querySelector(`#c-${CSS.escape(focused)} .row-link`)?.focus({ preventScroll: true });
}

function keys(event) {
  const form = event.target.closest?.("[data-edit]");
  if (!form) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "Escape") form.querySelector("[data-cancel]")?.click();
}

// The form that comes in the place of what stood there has the focus in its first field; and back again.
function settled(event) {
  // Other rows stand there now: what was selected among those before is selected no more.
  if (event.detail.target?.id === "results") document.getElementById("bulk")?.reset();
  const form = event.detail.elt?.querySelector?.("[data-edit]") ?? document.querySelector("#details [data-edit]");
  const wanted = event.detail.elt?.querySelector?.("[autofocus]");
  if (form && !form.contains(document.activeElement)) form.querySelector("[aria-invalid=true], input:not([type=hidden]), select")?.focus();
  else if (wanted && document.activeElement === document.body) wanted.focus();
}

export function startPeople() {
  if (!document.querySelector(".directory, .person-page, [data-edit]")) return;
  open();
  WIDE.addEventListener("change", open);
  document.addEventListener("rapport:refresh", again);
  document.addEventListener("keydown", keys);
  document.addEventListener("htmx:afterSettle", settled);
}
