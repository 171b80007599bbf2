// A row that comes or goes never makes the others jump: they start where they stood and glide to where they belong.
const GLIDE_MS = 160;
const EASE = "cubic-bezier(0.2, 0, 0, 1)";
let box = null;
let scrolled = 0;
let stood = new Map();

function remember() {
  scrolled = box.scrollTop;
  stood = new Map([...box.querySelectorAll("#rows .row")].map((row) => [row.dataset.id, row.offsetTop]));
}

function glide() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const row of box.querySelectorAll("#rows .row")) {
    const before = stood.get(row.dataset.id);
    const moved = before === undefined ? 0 : before - scrolled - (row.offsetTop - box.scrollTop);
    if (!moved) continue;
    row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: still ? 1 : GLIDE_MS, easing: EASE });
  }
  remember();
}

export function startSteady() {
  box = document.getElementById("list-scroll");
  const list = document.getElementById("rows");
  if (!list || !box) return;
  remember();
  new MutationObserver(glide).observe(list, { childList: true });
  box.addEventListener("scroll", () => { scrolled = box.scrollTop; }, { passive: true });
  addEventListener("resize", remember);
}
