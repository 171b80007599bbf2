// Nothing typed is lost: every change lies in this browser at once and on the server a moment later.
import { lines } from "./editor.js";

const AFTER_MS = 800;
const AGAIN_MS = 5000;
const KEEPALIVE_BYTES = 60000;
const FIELDS = ["to", "cc", "bcc", "subject", "channel", "team", "seen"];

export class Drafts {
  constructor(form, editor, telling) {
    Object.assign(this, { form, editor, telling, timer: 0, dirty: false, stopped: false, conflict: null, running: null });
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
    this.leave = () => this.leaving();
    addEventListener("pagehide", this.leave);
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
    if (!this.saves || this.stopped) return;
    this.dirty = true;
    this.keepHere();
    this.soon(AFTER_MS);
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), ms);
  }

  keepHere() {
    const kept = { html: this.editor.html(), revision: this.box.revision, id: this.box.id, at: Date.now() };
    for (const name of FIELDS) if (this.form.elements[name]) kept[name] = this.form.elements[name].value;
    try {
      localStorage.setItem(this.key(), JSON.stringify(kept));
    } catch { /* A full or forbidden store: the server's copy is the one. */ }
  }

  forget(kind = this.kind) { localStorage.removeItem(this.key(kind)); }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key()));
    } catch { /* not ours */ }
    if (!kept || "given" in this.form.dataset) return;
    const scratch = document.createElement("template");
    scratch.innerHTML = kept.html;
    const same = scratch.innerHTML === this.box.html;
    if (same || !kept.html) return this.forget();
    this.editor.set(kept.html);
    for (const name of ["to", "cc", "bcc", "subject"]) if (kept[name] && this.form.elements[name]) this.form.elements[name].value = kept[name];
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
    try {
      response = await this.post(this.form.dataset.save, this.body(html));
    } catch {
      return this.unsaved(this.telling.words.keptHere);
    }
    if (this.stopped) return;
    if (response.ok) return this.saved(kind, await response.json());
    if (response.status === 409) return this.meets(kind, await response.json());
    if (response.status === 401 || response.status === 403) {
      return this.unsaved(this.telling.words.signedOut, [[this.telling.words.signIn, this.form.dataset.signIn]]);
    }
    const said = await response.json().catch(() => ({}));
    this.unsaved(said.error ?? this.telling.words.keptHere);
  }

  saved(kind, found) {
    const box = this.boxes[kind];
    Object.assign(box, { revision: found.revision, id: found.id });
    this.note();
    if (this.trouble) this.telling.hush();
    this.trouble = false;
    if (this.dirty) return this.keepHere();
    this.forget(kind);
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
    const box = this.boxes[kind];
    data.set("revision", box.revision);
    if (kind === "new") data.set("draft", box.id);
    const response = await this.post(this.form.dataset.save, data).catch(() => null);
    if (response?.ok) {
      const { revision, id } = await response.json();
      Object.assign(box, { revision, id });
      if (this.kind !== kind) return this.forget(kind);
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
