// What is typed before the editor has come: it stands in the plain field, which both tabs share.
const kept = new WeakMap();
const area = (form) => form.querySelector("textarea[name=text]");
const first = (form) => form.querySelector("template[data-box]").dataset.box;

function before(form) {
  if (!kept.has(form)) kept.set(form, { kind: first(form), words: {} });
  return kept.get(form);
}

function given(form, kind) {
  if (kind === first(form)) return area(form).defaultValue;
  return (form.querySelector(`template[data-box="${kind}"]`)?.dataset.text ?? "").replaceAll("\r", "");
}

// Each tab has its own words there as well: a note's must never go out as an answer.
export function part(event) {
  const { form, name, value } = event.target;
  if (name !== "kind" || !form?.matches("[data-composer]") || form.querySelector(".editor")) return;
  const now = before(form);
  now.words[now.kind] = area(form).value;
  now.kind = value;
  area(form).value = now.words[value] ?? given(form, value);
}

// By kind, the one that is open last: what the page brought, and what stands there now.
export function typed(form) {
  put(form);
  const { kind, words } = before(form);
  delete words[kind];
  const all = Object.entries({ ...words, [kind]: area(form).value });
  return all.map(([one, now]) => ({ kind: one, given: given(form, one), now }));
}

// Sent as early as that: what stands there goes, what is typed from now on stays.
export function hold(form) {
  const now = before(form);
  now.held = { kind: now.kind, words: area(form).value };
  area(form).value = "";
}

// Back where it was sent from, when the editor comes.
function put(form) {
  const now = before(form);
  if (!now.held) return;
  const { kind, words } = now.held;
  const here = now.kind === kind;
  now.sent = { kind, since: here ? area(form).value : now.words[kind] ?? "", open: now.kind };
  if (here) area(form).value = words;
  else now.words[kind] = words;
  delete now.held;
}

// Of what was sent: from which tab, what was typed there since, and which tab is open.
export function sent(form) {
  put(form);
  return before(form).sent ?? {};
}
