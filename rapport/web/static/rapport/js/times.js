// Keeps ages, promises and countdowns true while the page stands open.
const page = document.documentElement.lang || "en";
const lang = `${page === "en" ? "en-GB" : page}-u-nu-latn`;
// In the time zone of the member, not of the browser: so say the lists of times to choose from, and the mails.
const zone = document.body.dataset.zone || undefined;
const exact = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", timeZone: zone });

function unit(value, name) {
  return new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

function span(seconds, day = 1440) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes < 60) return unit(minutes, "minute");
  if (minutes < 60 * 36) return unit(Math.round(minutes / 60), "hour");
  const days = Math.round(minutes / day);
  if (days < 60) return unit(days, "day");
  return days < 700 ? unit(Math.round(days / 30.4), "month") : unit(Math.round(days / 365), "year");
}

// The words come from the page, in its language; %(span)s stands for the time in them.
function word(name, of = "") {
  return (document.body.dataset[`word${name}`] ?? "").replace("%(span)s", of);
}

function age(element, now) {
  const at = new Date(element.dateTime);
  const seconds = (now - at) / 1000;
  const words = seconds >= 0 && seconds < 60 ? word("Now") : span(seconds);
  if (element.textContent !== words) element.textContent = words;
  element.title = exact.format(at);
}

// The clock of a promise runs in business hours only: data-open has the times, in seconds, at which it does.
function run(element, now) {
  const from = Number(element.dataset.at);
  return (element.dataset.open ?? "").split(",").reduce((sum, one) => {
    const [start, end] = one.split("-").map(Number);
    return sum + Math.max(0, Math.min(end, now / 1000) - Math.max(start, from) || 0);
  }, 0);
}

function due(element, now) {
  const broken = new Date(element.dataset.due) < now;
  const left = element.dataset.left - run(element, now);
  const words = broken && left > -60 ? word("Overdue") : word(broken ? "Late" : "Left", span(left, Number(element.dataset.day)));
  const text = element.lastChild;
  if (text && text.nodeType === Node.TEXT_NODE && text.data !== words) text.data = words;
  element.classList.toggle("badge-danger", broken);
  element.classList.toggle("badge-warn", !broken && left < 3600);
}

function countdown(element, now) {
  const left = Math.ceil((new Date(element.dataset.countdown) - now) / 1000);
  element.textContent = left > 0 ? word("Goes", unit(left, "second")) : word("Waits");
  if (left <= 0) element.parentElement.querySelector("form")?.remove();
}

export function refreshTimes(root = document) {
  const now = new Date();
  root.querySelectorAll("time[data-age]").forEach((element) => age(element, now));
  root.querySelectorAll("[data-due]").forEach((element) => due(element, now));
  root.querySelectorAll("time[data-moment]").forEach((element) => {
    element.textContent = exact.format(new Date(element.dateTime));
  });
}

export function startTimes() {
  refreshTimes();
  setInterval(refreshTimes, 30000);
  setInterval(() => {
    const now = new Date();
    document.querySelectorAll("[data-countdown]").forEach((element) => countdown(element, now));
  }, 500);
  document.addEventListener("htmx:afterSettle", () => refreshTimes());
}
