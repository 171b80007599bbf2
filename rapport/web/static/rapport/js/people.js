// The directory: filters that are always open where there is room, a list that is fetched again after a change.
const WIDE = matchMedia("(min-width: 821px)");

function open() {
  for (const filters of document.querySelectorAll("[data-wide-open]")) filters.open = WIDE.matches;
}

// What was changed may stand elsewhere now, or not at all; who had the focus keeps it.
let turn = 0;
async function again() {
  const results = document.getElementById("results");
  if (!results || !document.querySelector(".directory")) return undefined;
  const asked = location.href;
  const mine = (turn += 1);
  const response = await fetch(asked, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return undefined;
  const rows = await response.text();
  // What was asked before something newer is not laid over it; and meanwhile one may look at others.
  if (mine !== turn) return undefined;
  if (location.href !== asked) return again();
  const focused = document.activeElement?.closest?.(".row")?.dataset.id;
  results.innerHTML = rows;
  window.htmx?.process(results);
  if (focused) document.querySelector(`#c-${CSS.escape(focused)} .row-link`)?.focus({ preventScroll: true });
  return undefined;
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
