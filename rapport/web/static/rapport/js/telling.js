// A notice above the box, with things to do about it.
export class Telling {
  constructor(form) {
    this.box = form.querySelector("[data-telling]");
    this.words = form.querySelector("template[data-words]")?.dataset ?? {};
  }

  say(words, choices = [], tone = "warn") {
    if (!this.box) return;
    const notice = document.createElement("div");
    notice.className = `notice notice-${tone} telling`;
    notice.setAttribute("role", "alert");
    const text = document.createElement("span");
    text.className = "grow";
    text.textContent = words;
    notice.append(text);
    for (const [label, act] of choices) {
      const button = document.createElement(typeof act === "string" ? "a" : "button");
      button.textContent = label;
      button.className = "button button-small";
      if (typeof act === "string") Object.assign(button, { href: act, target: "_blank" });
      else {
        button.type = "button";
        button.addEventListener("click", act);
      }
      notice.append(button);
    }
    this.box.replaceChildren(notice);
    this.box.hidden = false;
  }

  hush() {
    this.box?.replaceChildren();
    if (this.box) this.box.hidden = true;
  }
}

export function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
