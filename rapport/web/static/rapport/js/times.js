// Keeps ages, promises and countdowns true while the page stands open.
function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 60 * 36) return `${Math.round(minutes / 60)} h`;
  const days = Math.round(minutes / 1440);
  if (days < 60) return `${days} d`;
  return days < 700 ? `${Math.round(days / 30.4)} mo` : `${Math.round(days / 365)} y`;
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function age(element, now) {
  const at = new Date(element.dateTime);
  const seconds = (now - at) / 1000;
  const words = seconds >= 0 && seconds < 60 ? "now" : span(seconds);
  if (element.textContent !== words) element.textContent = words;
  element.title = exact.format(at);
}

function due(element, now) {
  const left = (new Date(element.dataset.due) - now) / 1000;
  const words = left < 0 ? `${span(left)} late` : `${span(left)} left`;
  const text = element.lastChild;
  if (text && text.nodeType === Node.TEXT_NODE && text.data !== words) text.data = words;
  element.classList.toggle("badge-danger", left < 0);
  element.classList.toggle("badge-warn", left >= 0 && left < 3600);
}

function countdown(element, now) {
  const left = Math.ceil((new Date(element.dataset.countdown) - now) / 1000);
  element.textContent = left > 0 ? `Goes out in ${left} s` : "Waiting to be sent";
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
