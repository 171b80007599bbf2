// Files go up as soon as they are chosen, dropped or pasted; each shows how far it is, and can be stopped or tried again.
import { fill } from "./telling.js";
import { escaped } from "./editor.js";

const MB = 1e6;

export class Uploads {
  constructor(form, editor, drafts, telling) {
    Object.assign(this, { form, editor, drafts, telling, running: new Set() });
    this.list = form.querySelector("[data-uploads]");
    this.field = form.querySelector("[data-files]");
    if (!this.list) return;
    this.field?.addEventListener("change", () => {
      this.addAll([...this.field.files], false);
      this.field.value = "";
    });
    editor.onfiles = (files) => {
      editor.keepPlace();
      this.addAll(files, true);
    };
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove]");
      if (button) this.remove(button);
    });
    this.drop(form.querySelector("[data-drop]"));
  }

  drop(zone) {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    zone?.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      zone.classList.add("dropping");
    });
    zone?.addEventListener("dragleave", (event) => !zone.contains(event.relatedTarget) && zone.classList.remove("dropping"));
    zone?.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      zone.classList.remove("dropping");
      this.addAll([...event.dataTransfer.files], false);
    });
  }

  addAll(files, pasted) {
    for (const file of files) this.add(file, pasted && /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type));
  }

  async add(file, inline) {
    const limit = Number(inline ? this.form.dataset.limitInline : this.form.dataset.limitFile);
    if (limit && file.size > limit) return this.tooLarge(file, inline, limit);
    const row = this.row(file);
    this.running.add(row);
    await this.drafts.ensure();
    if (!this.drafts.id) return this.failed(row, file, inline, fill(this.telling.words.failed, { name: file.name }));
    this.send(row, file, inline);
  }

  tooLarge(file, inline, limit) {
    const words = inline ? this.telling.words.tooLargeInline : this.telling.words.tooLargeFile;
    const fits = inline && file.size <= Number(this.form.dataset.limitFile);
    const choices = fits ? [[this.telling.words.attachIt, () => { this.telling.hush(); this.add(file, false); }]] : [];
    this.telling.say(fill(words, { size: (file.size / MB).toFixed(1), limit: Math.floor(limit / MB) }), choices);
  }

  row(file) {
    const row = document.createElement("li");
    row.className = "file upload";
    const name = document.createElement("span");
    name.className = "clip";
    name.textContent = file.name;
    row.progress = document.createElement("progress");
    row.progress.max = 1;
    row.progress.value = 0;
    row.progress.setAttribute("aria-label", fill(this.telling.words.uploading, { name: file.name }));
    row.append(name, row.progress, this.button(this.telling.words.cancel, () => row.cancel?.()));
    this.list.append(row);
    return row;
  }

  button(words, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button-link", textContent: words, onclick: act });
    return button;
  }

  send(row, file, inline) {
    const request = new XMLHttpRequest();
    const data = new FormData();
    data.set("file", file, file.name);
    if (inline) data.set("inline", "yes");
    request.open("POST", `${this.form.dataset.save}${this.drafts.id}/files/`);
    request.setRequestHeader("X-CSRFToken", this.form.elements.csrfmiddlewaretoken.value);
    request.upload.onprogress = (event) => { row.progress.value = event.loaded / event.total; };
    row.cancel = () => { request.abort(); this.done(row); row.remove(); };
    request.onerror = () => this.failed(row, file, inline, fill(this.telling.words.failed, { name: file.name }));
    request.onload = () => {
      let said = {};
      try {
        said = JSON.parse(request.responseText);
      } catch { /* a page in between */ }
      if (request.status === 200) this.arrived(row, file, said);
      else this.failed(row, file, inline, said.error ?? fill(this.telling.words.failed, { name: file.name }));
    };
    request.send(data);
  }

  done(row) { this.running.delete(row); }

  arrived(row, file, said) {
    this.done(row);
    if (said.cid) {
      row.remove();
      this.editor.backToPlace();
      this.editor.insert(`<img src="${escaped(said.url)}" alt="${escaped(file.name)}" data-cid="${escaped(said.cid)}">`);
      this.editor.keepPlace();
      return;
    }
    const size = document.createElement("span");
    size.className = "faint nowrap";
    size.textContent = said.size;
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "upload-x", textContent: "×" });
    remove.dataset.remove = said.remove;
    remove.setAttribute("aria-label", fill(this.telling.words.remove, { name: file.name }));
    row.dataset.upload = said.id;
    row.replaceChildren(row.firstChild, size, remove);
  }

  failed(row, file, inline, words) {
    this.done(row);
    const text = document.createElement("span");
    text.className = "danger";
    text.setAttribute("role", "alert");
    text.textContent = words;
    row.replaceChildren(row.firstChild, text,
      this.button(this.telling.words.retry, () => { row.remove(); this.add(file, inline); }),
      this.button(this.telling.words.cancel, () => row.remove()));
  }

  async remove(button) {
    const row = button.closest("li");
    row.hidden = true;
    const response = await this.drafts.post(button.dataset.remove, new FormData()).catch(() => null);
    if (response?.ok) row.remove();
    else row.hidden = false;
  }

  show(kind) {
    const kept = this.form.querySelector(`template[data-box-files="${kind}"]`);
    const other = [...this.list.childNodes];
    this.kept ??= {};
    this.list.replaceChildren(...(this.kept[kind] ?? kept?.content.childNodes ?? []));
    return other;
  }
}
