// What is offered while one types: templates after /, colleagues after @, conversations after #, people to write to.
import { escaped } from "./editor.js";

const AFTER_MS = 120;

export class Offers {
  constructor(form, editor, drafts) {
    Object.assign(this, { form, editor, drafts, at: -1, asked: 0 });
    this.popup = document.createElement("div");
    Object.assign(this.popup, { className: "offers", id: "composer-offers", hidden: true });
    this.popup.setAttribute("role", "listbox");
    form.append(this.popup);
    editor.root.addEventListener("input", () => this.look());
    // Before the editor's own keys, and before those of the page.
    form.addEventListener("keydown", (event) => this.key(event), true);
    this.popup.addEventListener("mousedown", (event) => {
      if (event.target.closest("a")) return;
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
    form.addEventListener("focusout", (event) => !form.contains(event.relatedTarget) && this.close());
    form.querySelector("[data-pick]")?.addEventListener("click", () => this.pick());
    for (const field of form.querySelectorAll("[data-people]")) field.addEventListener("input", () => this.people(field));
  }

  look() {
    const line = this.editor.line();
    const template = line.match(/^\/([\p{L}\p{N} _-]{0,40})$/u);
    if (template && this.form.dataset.pickUrl) return this.ask(this.form.dataset.pickUrl, template[1], template[0].length);
    const note = this.drafts.kind === "note" && this.form.dataset.mentionUrl;
    const sign = note && line.match(/(?:^|\s)([@#])([\p{L}\p{N} ._-]{0,40})$/u);
    if (sign && !/\s{2}|^\s|\s\S+\s\S+\s/.test(sign[2])) return this.ask(`${note}?sign=${encodeURIComponent(sign[1])}`, sign[2], sign[2].length + 1);
    this.close();
  }

  pick() {
    this.editor.backToPlace();
    this.ask(this.form.dataset.pickUrl, "", 0);
  }

  people(field) {
    const typed = field.value.split(/[,;]/).pop().trim();
    if (typed.length < 2 || typed.includes(">")) return this.close();
    this.field = field;
    this.ask(this.form.dataset.recipientsUrl, typed, 0, field);
  }

  ask(url, query, swallow, field = null) {
    clearTimeout(this.timer);
    const number = ++this.asked;
    // What is chosen before the new offers have come takes the place of all that was typed by then.
    if (!field) this.swallow = swallow;
    this.timer = setTimeout(async () => {
      const response = await fetch(`${url}${url.includes("?") ? "&" : "?"}q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true" } });
      if (number !== this.asked || !response.ok || response.redirected) return;
      this.show(await response.text(), swallow, field);
    }, AFTER_MS);
  }

  show(html, swallow, field) {
    this.popup.innerHTML = html;
    Object.assign(this, { swallow, field });
    this.owner = field ?? this.editor.root;
    const options = this.options();
    this.popup.hidden = !options.length && !this.popup.querySelector(".suggestion-none");
    if (this.popup.hidden) return this.close();
    const anchor = (field ?? this.editor.root).getBoundingClientRect();
    const box = this.form.getBoundingClientRect();
    const below = innerHeight - anchor.bottom > 280;
    this.popup.style.insetBlockStart = below && field ? `${anchor.bottom - box.top + 4}px` : "auto";
    this.popup.style.insetBlockEnd = below && field ? "auto" : `${box.bottom - anchor.top + 4}px`;
    this.owner.setAttribute("aria-controls", this.popup.id);
    this.popup.setAttribute("aria-labelledby", this.owner.getAttribute("aria-labelledby") ?? this.owner.id);
    if (this.owner.role === "combobox") this.owner.setAttribute("aria-expanded", "true");
    this.mark(options.length ? 0 : -1);
  }

  options() { return [...this.popup.querySelectorAll("[role=option]")]; }

  mark(at) {
    this.at = at;
    this.options().forEach((option, number) => {
      option.setAttribute("aria-selected", String(number === at));
      if (number === at) option.scrollIntoView({ block: "nearest" });
    });
    const current = this.options()[at];
    if (current) this.owner.setAttribute("aria-activedescendant", current.id);
  }

  close() {
    clearTimeout(this.timer);
    this.asked++;
    if (this.popup.hidden) return;
    this.popup.hidden = true;
    this.owner?.removeAttribute("aria-activedescendant");
    if (this.owner?.role === "combobox") this.owner.setAttribute("aria-expanded", "false");
  }

  key(event) {
    if (this.popup.hidden) return;
    const count = this.options().length;
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.key === "Escape") { stop(); this.close(); }
    else if (!count || event.ctrlKey || event.metaKey) return;
    else if (event.key === "ArrowDown") { stop(); this.mark((this.at + 1) % count); }
    else if (event.key === "ArrowUp") { stop(); this.mark((this.at + count - 1) % count); }
    else if (event.key === "Enter" || event.key === "Tab") { stop(); this.choose(this.options()[this.at]); }
  }

  choose(option) {
    const { swallow } = this;
    const data = option.dataset;
    this.close();
    if (data.address) return this.address(data.address);
    this.editor.swallow(swallow);
    if (data.template) return this.template(data.template);
    const kind = ["Member", "Team", "Conversation"].find((name) => data[`insert${name}`]);
    const id = data[`insert${kind}`];
    const html = kind === "Conversation"
      ? `<a href="/c/${id}/" data-conversation="${id}">#${escaped(data.name)}</a>`
      : `<span data-${kind.toLowerCase()}="${id}">@${escaped(data.name)}</span>`;
    this.editor.insert(`${html}&nbsp;`);
  }

  address(written) {
    const kept = this.field.value.split(/[,;]/).slice(0, -1).map((one) => one.trim());
    this.field.value = `${[...kept, written].join(", ")}, `;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
  }

  async template(url) {
    this.editor.keepPlace();
    const data = new FormData();
    data.set("conversation", this.form.dataset.conversationId ?? "");
    const response = await this.drafts.post(url, data);
    if (!response.ok) return;
    const { html } = await response.json();
    this.editor.backToPlace();
    this.editor.insert(html);
    this.editor.nextGap();
  }
}
