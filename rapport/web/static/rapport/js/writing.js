// One box: its editor, its draft, its files, and what it offers, put together.
import { Drafts } from "./drafts.js";
import { typed } from "./early.js";
import { Editor, lines } from "./editor.js";
import { fill, Telling } from "./telling.js";
import { Offers } from "./templates.js";
import { Uploads } from "./uploads.js";

// So long a save may hold up what begins a conversation.
const SAVE_MS_MAX = 30000;
let writer = null;
let carried = null;

class Writer {
  constructor(form) {
    this.form = form;
    this.telling = new Telling(form);
    this.editor = new Editor(form, () => this.drafts.changed());
    this.drafts = new Drafts(form, this.editor, this.telling);
    this.uploads = new Uploads(form, this.editor, this.drafts, this.telling);
    this.offers = new Offers(form, this.editor, this.drafts);
    this.drafts.start();
    this.goOn();
    form.addEventListener("change", (event) => event.target.name === "kind" && this.change(event.target.value));
    this.editor.root.addEventListener("blur", () => this.editor.keepPlace());
    form.querySelector("[data-stop]")?.focus();
    // The page is left when this one is sent: what is typed meanwhile would belong nowhere.
    this.editor.root.addEventListener("beforeinput", (event) => {
      if ((this.waits || this.drafts.going) && !form.dataset.conversationId) event.preventDefault();
    });
  }

  // With what was typed, and the tab that was chosen, before the editor had come.
  goOn() {
    for (const words of typed(this.form)) {
      this.change(words.kind);
      this.drafts.goOn(words, this.editor.writing && words.kind === this.chosen);
    }
    this.change(this.chosen);
  }

  // With what was typed after it was sent, before the editor had come.
  goOnWith({ since, open }) {
    if (since) this.drafts.add(lines(since));
    if (open) this.choose(open);
  }

  get chosen() { return this.form.querySelector("[name=kind]:checked")?.value ?? this.drafts.kind; }

  change(kind) {
    const before = this.drafts.kind;
    if (kind === before) return;
    this.drafts.change(kind);
    const other = this.uploads.show(kind);
    this.uploads.kept[before] = other;
  }

  // Before htmx or the browser gather the form. Pressed again before the answer, it is not sent again.
  submit(event) {
    const { drafts, form } = this;
    const busy = this.uploads.running.size;
    if (busy || drafts.going) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (busy) this.telling.say(this.telling.words.wait);
      return undefined;
    }
    if (drafts.running && !form.dataset.conversationId) return this.later(event);
    const field = form.elements.html;
    field.disabled = false;
    field.value = this.editor.html();
    drafts.note();
    if (!drafts.saves) return undefined;
    drafts.go();
    this.offers.close();
    // A save is on its way: the server must not take our own words for another tab's, nor keep them after this.
    form.querySelector("[name=saving]")?.remove();
    if (drafts.going.saving === undefined) return undefined;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "saving", value: drafts.going.saving }));
    return undefined;
  }

  // What begins a conversation has no name for the server until it was saved: it is sent when that is known.
  async later(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.waits) return;
    this.waits = true;
    clearTimeout(this.drafts.timer);
    await Promise.race([this.drafts.running, new Promise((done) => setTimeout(done, SAVE_MS_MAX))]);
    this.waits = false;
    this.drafts.running = null;
    if (this.form.isConnected) this.form.requestSubmit(event.submitter);
  }

  // Before the answer is shown: the new box must not find the words that were just sent, but those typed since.
  answered(xhr) {
    const { drafts } = this;
    if (!drafts.going || drafts.left) return;
    if (!xhr.status) return this.resume();
    const { kind } = drafts.going;
    const redirect = xhr.getResponseHeader("HX-Redirect") ?? "";
    const well = xhr.status < 400 && !redirect.includes("/account/login");
    const next = drafts.next();
    const here = !redirect && (writer === this || !well);
    if (here) carried = { conversation: this.form.dataset.conversationId, of: kind, html: next, kind: drafts.kind, focused: document.activeElement === this.editor.root };
    drafts.outcome(well, well && here ? "" : next);
  }

  // What was typed while the words before it were on their way goes on in the box that came with the answer.
  take({ of, html, kind, focused }) {
    if (html) {
      this.choose(of);
      this.drafts.add(html);
    } else if (kind === of) return;
    this.choose(kind);
    if (focused) this.editor.focus();
  }

  choose(kind) {
    const tab = this.form.querySelector(`[name=kind][value=${kind}]`);
    if (tab && !tab.checked) tab.click();
  }

  resume() {
    this.drafts.giveBack();
    this.drafts.unsaved(this.telling.words.keptHere);
  }

  end() {
    if (this.drafts.dirty && !this.drafts.stopped && !this.drafts.conflict) this.drafts.leaving();
    this.drafts.end();
  }

  quote(text, who) {
    const head = who ? `<div>${fill(this.telling.words.wrote, { name: who })}</div>` : "";
    this.editor.focus();
    const before = this.editor.isEmpty() ? "" : "<div><br></div>";
    this.editor.insert(`${before}${head}<blockquote>${lines(text)}</blockquote><div><br></div>`);
  }
}

export function attach(form) {
  if (writer?.form === form) return writer;
  writer?.end();
  writer = new Writer(form);
  if (carried && carried.conversation === form.dataset.conversationId) writer.take(carried);
  carried = null;
  return writer;
}

document.addEventListener("submit", (event) => {
  if (event.target === writer?.form) writer.submit(event);
}, true);
document.addEventListener("click", (event) => {
  const take = event.target.closest("[data-take]");
  if (take && writer) takeOver(event, take);
});
// Also where the box is gone by then, because one went on to another conversation.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const mine = writer;
  if (detail.target?.id === "detail") mine?.drafts.part();
  if (detail.requestConfig.elt !== mine?.form) return;
  detail.xhr.addEventListener("readystatechange", () => detail.xhr.readyState === 4 && mine.answered(detail.xhr));
  // Shown by now: what was not taken from here was kept in this browser.
  detail.xhr.addEventListener("loadend", () => setTimeout(() => { carried = null; }));
});

async function takeOver(event, taking) {
  event.preventDefault();
  if (writer.drafts.dirty) await writer.drafts.save();
  const response = await writer.drafts.post(taking.formAction, new FormData());
  if (!response.ok) return refreshOthers();
  writer.end();
  location.reload();
}

// Who else writes here: heard of, never guessed. An answer that comes late is not laid over a later one.
let asked = 0;
let shown = 0;

async function refreshOthers() {
  const box = document.getElementById("drafts-of-others");
  const url = writer?.form.dataset.othersUrl;
  if (!box || !url || !writer.form.isConnected) return;
  const turn = ++asked;
  const response = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return;
  const html = await response.text();
  if (turn < shown) return;
  shown = turn;
  const open = [...box.querySelectorAll("details[open]")].map((one) => one.id);
  box.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
}
document.addEventListener("rapport:draft", (event) => {
  if (event.detail === writer?.form.dataset.conversationId) refreshOthers();
});

// Words selected in a message can be answered one by one.
const button = document.createElement("button");
Object.assign(button, { type: "button", className: "button button-small quote-button", hidden: true });

function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const node = selection.anchorNode;
  const said = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest("[data-said]");
  return said?.contains(selection.focusNode) && String(selection).trim() ? { said, text: String(selection).trim(), box: selection.getRangeAt(0).getBoundingClientRect() } : null;
}

document.addEventListener("selectionchange", () => {
  const found = writer?.form.dataset.conversationId && selected();
  button.hidden = !found;
  if (!found) return;
  button.textContent = writer.telling.words.quote;
  if (button.parentElement !== document.body) document.body.append(button);
  button.style.top = `${Math.max(8, found.box.top - 36)}px`;
  button.style.left = `${Math.min(innerWidth - 90, Math.max(8, found.box.left))}px`;
});
button.addEventListener("mousedown", (event) => event.preventDefault());
button.addEventListener("click", () => {
  const found = selected();
  if (!found) return;
  const reply = writer.form.querySelector("#tab-reply");
  if (reply && writer.drafts.kind === "note" && !reply.checked && writer.editor.isEmpty()) reply.click();
  button.hidden = true;
  getSelection().removeAllRanges();
  writer.quote(found.text, found.said.dataset.who);
});
