// Nothing typed is lost: every change lies in this browser at once and on the server a moment later.
import { lines } from "./editor.js";

const AFTER_MS = 800;
const AGAIN_MS = 5000;
const KEEPALIVE_BYTES = 60000;
// So long the page that follows may be on its way.
const PARTING_MS = 60000;
const FIELDS = ["to", "cc", "bcc", "subject", "channel", "team", "seen"];

// Two pieces of writing in one box, each in lines of its own.
const joined = (first, then) => (first && then ? `${first}<div>${then}</div>` : first || then);

// Whether it stands in the conversation already: the page was left before its answer had come.
function arrived(html) {
  const scratch = document.createElement("template");
  scratch.innerHTML = html;
  const bare = (element) => element.textContent.replace(/\s/g, "");
  return [...document.querySelectorAll(".item-out [data-said], .item-note [data-said]")].some((said) => bare(said) === bare(scratch.content));
}

export class Drafts {
  constructor(form, editor, telling) {
    Object.assign(this, { form, editor, telling, timer: 0, dirty: false, stopped: false, conflict: null, running: null, going: null, saving: {}, parting: 0 });
    this.boxes = {};
    for (const box of form.querySelectorAll("template[data-box]")) {
      this.boxes[box.dataset.box] = { html: box.innerHTML, revision: Number(box.dataset.revision), id: box.dataset.draftId };
    }
    this.kind = Object.keys(this.boxes)[0];
    this.state = form.querySelector("[data-draft-state]");
    this.saves = Boolean(form.dataset.save);
  }

  get box() { return (this.boxes[this.kind] ??= { html: "", revision: 0, id: "" }); }
  get id() { return this.box.id; }
  key(kind = this.kind) { return `rapport-draft-${this.form.dataset.member}-${this.form.dataset.draft}-${kind}`; }

  start() {
    this.editor.set(this.box.html);
    this.note();
    if (!this.saves) return;
    this.restore();
    if ("given" in this.form.dataset) this.changed();
    this.leave = () => { this.left = true; this.leaving(); };
    addEventListener("pagehide", this.leave);
    addEventListener("beforeunload", this.part);
    this.back = () => document.visibilityState === "visible" && this.dirty && !this.conflict && this.save();
    document.addEventListener("visibilitychange", this.back);
    addEventListener("focus", this.back);
    this.form.addEventListener("focusout", () => this.dirty && this.soon(50));
    this.form.addEventListener("input", (event) => event.target.name && FIELDS.includes(event.target.name) && this.changed());
    this.form.addEventListener("change", (event) => event.target.name === "quote" && this.changed());
  }

  end() {
    this.stopped = true;
    clearTimeout(this.timer);
    removeEventListener("pagehide", this.leave);
    removeEventListener("beforeunload", this.part);
    document.removeEventListener("visibilitychange", this.back);
    removeEventListener("focus", this.back);
  }

  // Typed into the plain field: it goes on behind what stood there, which may be rich.
  goOn({ given, now }, here) {
    if (now === given) return;
    if (!now.startsWith(given)) this.editor.set(lines(now));
    else if (here) this.editor.type(now.slice(given.length));
    else this.editor.set(this.editor.html() + lines(now.slice(given.length)));
    this.changed();
  }

  // Revision and id where the form itself sends them.
  note() {
    const set = (name, value) => this.form.elements[name] && (this.form.elements[name].value = value);
    set("revision", this.box.revision);
    set("draft", this.box.id);
  }

  say(words) { if (this.state) this.state.textContent = words; }

  changed() {
    if (this.going) return this.keepHere();
    if (!this.saves || this.stopped) return;
    this.dirty = true;
    this.keepHere();
    this.soon(AFTER_MS);
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), ms);
  }

  // What is on its way stands apart from what was typed since: it may have arrived.
  keepHere() {
    const typed = this.editor.html();
    const going = this.going?.kind === this.kind ? this.going.html : "";
    const kept = { html: going || typed, next: going && typed, sent: Boolean(going), revision: this.box.revision, id: this.box.id, at: Date.now() };
    this.keep(this.kind, kept);
  }

  keep(kind, kept) {
    for (const name of FIELDS) if (this.form.elements[name]) kept[name] = this.form.elements[name].value;
    try {
      localStorage.setItem(this.key(kind), JSON.stringify(kept));
    } catch { /* A full or forbidden store: the server's copy is the one. */ }
  }

  // Pressed: the box is there for what one writes next, until it is known whether this has arrived.
  go() {
    clearTimeout(this.timer);
    this.going = { kind: this.kind, html: this.editor.html(), saving: this.saving[this.kind] };
    this.stopped = true;
    if (this.form.dataset.conversationId) this.editor.set("");
    this.keepHere();
    this.say(this.form.dataset.conversationId ? this.telling.words.saving : "");
  }

  // What was typed since into the box of what is on its way.
  next() {
    if (!this.form.dataset.conversationId) return "";
    return this.going.kind === this.kind ? this.editor.html() : this.boxes[this.going.kind].html;
  }

  // It is known: what is to be kept here is what was typed since, behind what has not arrived.
  outcome(well, next) {
    const { kind, html } = this.going;
    const kept = well ? next : joined(html, next);
    if (!kept) return this.forget(kind);
    this.keep(kind, { html: kept, revision: well ? 0 : this.boxes[kind].revision, id: "" });
  }

  // Behind what the box holds, as if it had been typed here.
  add(html) {
    const here = document.activeElement === this.editor.root;
    this.editor.set(joined(this.editor.html(), html));
    if (here) this.editor.focus();
    this.changed();
  }

  // It has not arrived: its words stand before what was typed since.
  giveBack() {
    const { kind, html } = this.going;
    const all = joined(html, this.next());
    Object.assign(this, { going: null, stopped: false });
    const here = document.activeElement === this.editor.root;
    if (this.kind === kind) this.editor.set(all);
    else this.boxes[kind].html = all;
    if (here) this.editor.focus();
  }

  forget(kind = this.kind) { localStorage.removeItem(this.key(kind)); }

  // The page that follows has been asked for: it may be made before what is saved from now on.
  part = () => { this.parting = Date.now(); };

  settled(kind, html) {
    const { revision, id } = this.boxes[kind];
    if (Date.now() - this.parting > PARTING_MS) this.forget(kind);
    else this.keep(kind, { html, saved: true, revision, id, at: Date.now() });
  }

  // Only what was saved after this page had been asked for, and is not in it.
  follow(kept) {
    this.forget();
    if (kept.at < performance.timeOrigin || kept.revision <= this.box.revision) return;
    Object.assign(this.box, { html: kept.html, revision: kept.revision, id: kept.id });
    this.editor.set(kept.html);
    this.fill(kept);
    this.note();
  }

  fill(kept) {
    for (const name of ["to", "cc", "bcc", "subject"]) if (kept[name] && this.form.elements[name]) this.form.elements[name].value = kept[name];
  }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key()));
    } catch { /* not ours */ }
    if (!kept || this.going || "given" in this.form.dataset) return;
    if (kept.saved) return this.follow(kept);
    if (kept.sent && arrived(kept.html)) Object.assign(kept, { html: kept.next, revision: this.box.revision, id: "" });
    else if (kept.sent) kept.html = joined(kept.html, kept.next);
    const scratch = document.createElement("template");
    scratch.innerHTML = kept.html;
    const same = scratch.innerHTML === this.box.html;
    if (same || !kept.html) return this.forget();
    this.editor.set(kept.html);
    this.fill(kept);
    this.box.revision = kept.revision;
    this.box.id ||= kept.id ?? "";
    this.telling.say(this.telling.words.restored, [], "info");
    this.changed();
    this.soon(10);
  }

  body(html = this.editor.html()) {
    const data = new FormData();
    const elements = this.form.elements;
    data.set("kind", this.kind);
    data.set("html", html);
    data.set("revision", this.box.revision);
    data.set("conversation", this.form.dataset.conversationId ?? "");
    if (this.kind === "new") data.set("draft", this.box.id);
    for (const name of FIELDS) if (elements[name]) data.set(name, elements[name].value);
    if (elements.quote) data.set("quote", elements.quote.checked ? "yes" : "no");
    return data;
  }

  async post(url, data, more = {}) {
    const ask = () => fetch(url, { method: "POST", body: data, headers: { "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value }, ...more });
    let response = await ask();
    // Signed in anew in another tab: the secret of the form is another one.
    if (response.status === 403 && (await this.freshToken())) response = await ask();
    return response;
  }

  async freshToken() {
    const response = await fetch(this.form.dataset.token);
    if (!response.ok) return false;
    const { token } = await response.json();
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    return true;
  }

  save() {
    clearTimeout(this.timer);
    if (!this.saves || this.stopped || this.conflict) return Promise.resolve();
    if (this.running) return this.running.then(() => this.dirty && this.save());
    return this.alone(() => this.send());
  }

  // One after the other: each needs the revision that the one before made.
  alone(send) {
    const mine = (this.running ? this.running.then(send) : send()).finally(() => { if (this.running === mine) this.running = null; });
    return (this.running = mine);
  }

  async send() {
    const kind = this.kind;
    const html = this.editor.html();
    this.dirty = false;
    this.say(this.telling.words.saving);
    let response;
    this.saving[kind] = html;
    try {
      response = await this.post(this.form.dataset.save, this.body(html));
    } catch {
      return this.stopped ? undefined : this.unsaved(this.telling.words.keptHere);
    } finally {
      delete this.saving[kind];
    }
    if (this.stopped) return response.ok ? this.took(kind, await response.json()) : undefined;
    if (response.ok) return this.saved(kind, await response.json(), html);
    if (response.status === 409) return this.meets(kind, await response.json());
    if (response.status === 401 || response.status === 403) {
      return this.unsaved(this.telling.words.signedOut, [[this.telling.words.signIn, this.form.dataset.signIn]]);
    }
    const said = await response.json().catch(() => ({}));
    this.unsaved(said.error ?? this.telling.words.keptHere);
  }

  took(kind, { revision, id }) {
    Object.assign(this.boxes[kind], { revision, id });
    this.note();
  }

  saved(kind, found, html) {
    this.took(kind, found);
    if (this.trouble) this.telling.hush();
    this.trouble = false;
    if (this.dirty) return this.keepHere();
    this.settled(kind, html);
    this.say(this.editor.isEmpty() ? "" : this.telling.words.saved);
    if (kind === "new") history.replaceState(null, "", `?draft=${found.id}`);
  }

  unsaved(words, choices = []) {
    this.dirty = true;
    this.trouble = true;
    this.say("");
    this.keepHere();
    this.telling.say(words, choices);
    this.soon(AGAIN_MS);
  }

  meets(kind, other) {
    if (kind !== this.kind) return;
    this.conflict = other;
    this.dirty = true;
    this.say("");
    this.keepHere();
    const words = this.telling.words;
    const mine = [words.keepMine, () => this.settle(() => { this.box.revision = other.revision; this.box.id = other.id ?? ""; this.changed(); this.soon(10); })];
    if (other.gone) {
      return this.telling.say(words.gone, [mine, [words.letGo, () => this.settle(() => { this.editor.set(""); this.box.revision = 0; this.box.id = ""; this.dirty = false; this.forget(); })]]);
    }
    const theirs = [words.takeOther, () => this.settle(() => { this.editor.set(other.html); this.box.revision = other.revision; this.box.id = other.id; this.dirty = false; this.forget(); })];
    this.telling.say(words.elsewhere, [mine, theirs, [words.difference, () => this.compare(other)]]);
  }

  settle(choice) {
    this.conflict = null;
    this.telling.hush();
    choice();
    this.note();
    this.editor.focus();
  }

  async compare(other) {
    const data = new FormData();
    data.set("kind", this.kind);
    data.set("mine", this.editor.html());
    data.set("other", other.raw);
    const response = await this.post(this.form.dataset.difference, data);
    const dialog = this.form.querySelector("#difference-dialog");
    dialog.querySelector("[data-difference-body]").innerHTML = await response.text();
    dialog.querySelector("[data-close-difference]").onclick = () => dialog.close();
    dialog.showModal();
  }

  // A draft there is, also when nothing was typed yet: a file needs one.
  async ensure() {
    if (!this.id) await this.save();
    return this.id;
  }

  // At once: what is typed while the words left behind are saved belongs to the box it is typed into.
  change(kind) {
    if (kind === this.kind) return;
    this.box.html = this.editor.html();
    const left = this.saves && !this.stopped && this.dirty && !this.conflict ? this.body() : null;
    clearTimeout(this.timer);
    this.dirty = false;
    this.conflict = null;
    this.kind = kind;
    this.editor.set(this.box.html);
    this.note();
    this.say("");
    if (left) this.alone(() => this.sendLeft(left.get("kind"), left));
    if (this.saves) this.restore();
  }

  // What does not arrive still lies in this browser, and is saved or settled when one comes back to it.
  async sendLeft(kind, data) {
    if (this.going?.kind === kind) return;
    const box = this.boxes[kind];
    data.set("revision", box.revision);
    if (kind === "new") data.set("draft", box.id);
    this.saving[kind] = data.get("html");
    const response = await this.post(this.form.dataset.save, data).catch(() => null);
    delete this.saving[kind];
    if (response?.ok) {
      const { revision, id } = await response.json();
      Object.assign(box, { revision, id });
      if (this.kind !== kind) return this.settled(kind, data.get("html"));
      return this.note();
    }
    if (this.kind === kind) this.changed();
  }

  leaving() {
    if (!this.dirty || this.conflict || this.stopped) return;
    this.keepHere();
    const data = this.body();
    data.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    if (this.editor.html().length < KEEPALIVE_BYTES / 2) fetch(this.form.dataset.save, { method: "POST", body: data, keepalive: true });
  }
}
