// Choosing another conversation in a dialog, and messages to split off or move.
const dialog = () => document.getElementById("other-dialog");
const room = () => document.querySelector("article.conversation");
const chosen = () => [...document.querySelectorAll(".item-check:checked")].map((box) => box.value);

function address(link) {
  const url = new URL(link.dataset.href ?? link.href, location.href);
  if (link.dataset.href) for (const id of chosen()) url.searchParams.append("messages", id);
  return `${url.pathname}${url.search}`;
}

async function open(link) {
  const box = dialog();
  await htmx.ajax("GET", address(link), { target: "#other-body", swap: "innerHTML" });
  // Meanwhile one may have gone on to another conversation, whose dialog is another.
  if (!box.isConnected) return;
  if (!box.open) box.showModal();
  document.getElementById("other-q")?.focus();
}

function count() {
  const bar = document.getElementById("choosing");
  if (!bar) return;
  const number = chosen().length;
  const words = number === 0 ? bar.dataset.none : number === 1 ? bar.dataset.one : bar.dataset.many.replace("%s", number);
  bar.querySelector(".choosing-count").textContent = words;
  for (const button of bar.querySelectorAll("[data-choosing-act]")) button.disabled = number === 0;
}

function choose(on) {
  const menu = document.getElementById("more-menu");
  if (menu) menu.open = false;
  room()?.classList.toggle("choosing", on);
  if (!on) document.querySelectorAll(".item-check:checked").forEach((box) => { box.checked = false; });
  count();
  if (on) [...document.querySelectorAll(".item-check")].at(-1)?.focus();
  else menu?.querySelector("summary").focus();
}

function clicked(event) {
  const link = event.target.closest?.("[data-other]");
  if (link && dialog() && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
    return open(link);
  }
  if (event.target.closest?.("[data-choose-messages]")) {
    event.preventDefault();
    choose(true);
  }
  if (event.target.closest?.("[data-choose-end]")) choose(false);
  if (event.target.closest?.("[data-close-dialog]")) event.target.closest("dialog")?.close();
}

export function startMatters() {
  document.addEventListener("click", clicked);
  document.addEventListener("change", (event) => event.target.matches(".item-check") && count());
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-other-search]") && event.target.closest("dialog")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && room()?.classList.contains("choosing") && !document.querySelector("dialog[open], details.menu[open]")) choose(false);
  });
}
