// A small editor over the browser's own: it undoes with the browser, and what it makes is sanitised by the server.
const KEEP = new Set(["B", "I", "S", "U", "CODE", "UL", "OL", "LI", "BLOCKQUOTE", "PRE", "BR", "DIV", "P", "A"]);
const SAME = { STRONG: "B", EM: "I", DEL: "S", STRIKE: "S", H1: "P", H2: "P", H3: "P", H4: "P", H5: "P", H6: "P", TR: "DIV", KBD: "CODE", TT: "CODE", INS: "U" };
const DROP = new Set(["SCRIPT", "STYLE", "HEAD", "TITLE", "TEMPLATE", "NOSCRIPT", "IFRAME", "OBJECT", "EMBED", "SVG", "MATH", "META", "LINK"]);
const run = (name, value) => document.execCommand(name, false, value);

export function escaped(text) {
  const box = document.createElement("div");
  box.textContent = text;
  return box.innerHTML.replaceAll('"', "&quot;");
}

// A space at the end would be dropped with the next letter: what is half typed goes on here.
const spaced = (line) => line.replace(/^ | $|(?<= ) /g, "\u00a0");

export function lines(text) {
  return text.replaceAll("\r", "").split("\n").map((line) => `<div>${escaped(spaced(line)) || "<br>"}</div>`).join("");
}

function address(text) {
  const found = text.trim();
  if (/^(https?:\/\/|mailto:|tel:)\S+$/i.test(found)) return found;
  if (/^\S+@\S+\.\S+$/.test(found)) return `mailto:${found}`;
  return /^\S+\.\S+$/.test(found) ? `https://${found}` : "";
}

// What is pasted keeps its words, lists and links, and nothing else.
export function cleaned(html) {
  // Without attributes but those read below: the page's policy would report each style and handler.
  const bare = html.replace(/<([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi, (_, tag, given) => {
    const kept = given.match(/\s(?:href|id)\s*=\s*(?:"[^"]*"|'[^']*')/gi) ?? [];
    return `<${tag}${kept.filter((one) => !/script:/i.test(one)).join("")}>`;
  });
  const inert = new DOMParser().parseFromString(bare, "text/html");
  const write = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return escaped(node.data.replace(/\s+/g, " "));
    if (node.nodeType !== Node.ELEMENT_NODE || DROP.has(node.tagName.toUpperCase())) return "";
    const tag = SAME[node.tagName] ?? node.tagName;
    const inner = tag === "PRE" ? escaped(node.textContent) : [...node.childNodes].map(write).join("");
    if (tag === "BR") return "<br>";
    if (tag === "TD" || tag === "TH") return `${inner} `;
    if (!KEEP.has(tag) || (!inner.trim() && tag !== "P" && tag !== "DIV")) return inner;
    if (tag === "A") {
      const href = address(node.getAttribute("href") ?? "");
      return href ? `<a href="${escaped(href)}">${inner}</a>` : inner;
    }
    if (tag === "P") return inner.trim() ? `<div>${inner}</div><div><br></div>` : "";
    // Google Docs wraps everything in a <b> that is not bold.
    if (tag === "B" && node.id.startsWith("docs-internal")) return inner;
    return `<${tag.toLowerCase()}>${inner}</${tag.toLowerCase()}>`;
  };
  return [...inert.body.childNodes].map(write).join("").replace(/<div><br><\/div>$/, "");
}

export class Editor {
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.area = form.querySelector("textarea[name=text]");
    this.root = document.createElement("div");
    Object.assign(this.root, { id: this.area.id, contentEditable: "true", className: "editor rich", dir: "auto" });
    for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-labelledby": "composer-label", spellcheck: "true" })) this.root.setAttribute(name, value);
    const help = this.area.getAttribute("aria-describedby");
    if (help) this.root.setAttribute("aria-describedby", help);
    this.writing = document.activeElement === this.area;
    this.area.removeAttribute("id");
    this.area.hidden = true;
    this.area.disabled = true;
    this.area.after(this.root);
    if (this.writing) queueMicrotask(() => this.focus());
    run("defaultParagraphSeparator", "div");
    run("styleWithCSS", false);
    this.tools = form.querySelector("[data-tools]");
    if (this.tools) this.tools.hidden = false;
    this.listen();
  }

  listen() {
    this.root.addEventListener("input", (event) => {
      if (event.inputType === "insertText") this.shortcuts(event.data);
      this.gaps();
      this.changed();
    });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("paste", (event) => this.paste(event));
    this.tools?.addEventListener("mousedown", (event) => event.preventDefault());
    this.tools?.addEventListener("click", (event) => {
      const button = event.target.closest("[data-command]");
      if (button) this.command(button.dataset.command);
    });
    this.root.addEventListener("keyup", () => this.states());
    this.root.addEventListener("mouseup", () => this.states());
    this.linkBar = this.form.querySelector("[data-link-bar]");
    this.linkBar?.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); this.setLink(); }
      if (event.key === "Escape") { event.stopPropagation(); this.closeLink(); }
    });
    this.linkBar?.querySelector("[data-link-set]").addEventListener("click", () => this.setLink());
    this.linkBar?.querySelector("[data-link-close]").addEventListener("click", () => this.closeLink());
  }

  // A mark of no width lets one go on after bold or code; it need not be kept.
  html() { return this.isEmpty() ? "" : this.root.innerHTML.replace(/(<\/(?:b|s|code)>)\u200b/g, "$1"); }
  set(html) { this.root.innerHTML = html; }
  isEmpty() { return !this.root.textContent.trim() && !this.root.querySelector("img"); }

  focus() {
    this.root.focus();
    const range = document.createRange();
    range.selectNodeContents(this.root);
    range.collapse(false);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  // As if it were typed now: whoever listens to what is typed hears of it.
  type(words) {
    this.focus();
    run("insertText", words);
  }

  keepPlace() {
    const selection = getSelection();
    if (selection.rangeCount && this.root.contains(selection.anchorNode)) this.place = selection.getRangeAt(0).cloneRange();
  }

  backToPlace() {
    if (!this.place || !this.root.contains(this.place.startContainer)) return this.focus();
    this.root.focus();
    getSelection().removeAllRanges();
    getSelection().addRange(this.place);
  }

  insert(html) {
    if (!this.root.contains(getSelection().anchorNode)) this.backToPlace();
    run("insertHTML", html);
    this.changed();
  }

  command(name) {
    if (!this.root.contains(document.activeElement)) this.backToPlace();
    if (name === "link") return this.openLink();
    if (name === "quote") this.block("blockquote");
    else if (name === "code") this.code();
    else run(name);
    this.states();
    this.changed();
  }

  around(selector) {
    const node = getSelection().anchorNode;
    const found = (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(selector);
    return found && this.root.contains(found) && found !== this.root ? found : null;
  }

  block(tag) {
    if (this.around(tag)) run(tag === "blockquote" ? "outdent" : "formatBlock", "div");
    else run("formatBlock", tag);
  }

  code() {
    const words = String(getSelection());
    if (this.around("pre")) run("formatBlock", "div");
    else if (words && !words.includes("\n")) run("insertHTML", `<code>${escaped(words)}</code>`);
    else run("formatBlock", "pre");
  }

  states() {
    for (const button of this.tools?.querySelectorAll("[aria-pressed]") ?? []) {
      button.setAttribute("aria-pressed", String(document.queryCommandState(button.dataset.command)));
    }
  }

  openLink() {
    this.keepPlace();
    this.linkBar.hidden = false;
    const field = this.linkBar.querySelector("[data-link-field]");
    field.value = this.around("a")?.getAttribute("href") ?? "";
    field.focus();
  }

  closeLink() {
    this.linkBar.hidden = true;
    this.backToPlace();
  }

  setLink() {
    const given = this.linkBar.querySelector("[data-link-field]").value;
    const href = address(given);
    this.closeLink();
    if (!given.trim()) run("unlink");
    else if (!href) return;
    else if (getSelection().isCollapsed && !this.around("a")) run("insertHTML", `<a href="${escaped(href)}">${escaped(given.trim())}</a>&nbsp;`);
    else run("createLink", href);
    this.changed();
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      event.stopPropagation();
      this.openLink();
    }
    if (event.key !== "Enter" || event.shiftKey || command) return;
    const box = this.around("blockquote, pre");
    if (box && !this.line().trim() && !this.after().trim()) {
      event.preventDefault();
      if (box.tagName === "PRE") run("formatBlock", "div");
      else run("outdent");
      this.changed();
    }
  }

  // The words between the start of the line and the caret.
  line() {
    const selection = getSelection();
    if (!selection.rangeCount) return "";
    const range = selection.getRangeAt(0).cloneRange();
    let block = range.startContainer;
    while (block !== this.root && !["DIV", "LI", "BLOCKQUOTE", "PRE"].includes(block.tagName)) block = block.parentNode ?? this.root;
    range.setStart(block, 0);
    const box = document.createElement("div");
    box.append(range.cloneContents());
    for (const br of box.querySelectorAll("br")) br.replaceWith("\n");
    return box.textContent.split("\n").pop().replaceAll("\u00a0", " ");
  }

  after() {
    const { anchorNode, anchorOffset } = getSelection();
    return anchorNode?.nodeType === Node.TEXT_NODE ? anchorNode.data.slice(anchorOffset).split("\n")[0] : "";
  }

  // Takes the last `count` characters before the caret, so that something else may stand there.
  swallow(count) {
    for (let left = count; left > 0; left--) getSelection().modify("extend", "backward", "character");
  }

  shortcuts(typed) {
    const line = this.line();
    if (typed === " " && !this.around("pre")) {
      const starts = { "- ": "insertUnorderedList", "* ": "insertUnorderedList", "1. ": "insertOrderedList", "> ": "quote" };
      const name = starts[line];
      if (name && !this.around("li")) {
        this.swallow(line.length);
        run("delete");
        return name === "quote" ? this.block("blockquote") : run(name);
      }
    }
    if (line === "```") {
      this.swallow(3);
      run("delete");
      return run("formatBlock", "pre");
    }
    const forms = [[/\*\*([^*\s][^*]*)\*\*$/, "b"], [/(?<!~)~~([^~\s][^~]*)~~$/, "s"], [/`([^`\s][^`]*)`$/, "code"]];
    for (const [form, tag] of this.around("pre") ? [] : forms) {
      const found = line.match(form);
      if (!found) continue;
      this.swallow(found[0].length);
      run("insertHTML", `<${tag}>${escaped(found[1])}</${tag}>\u200b`);
      if (tag === "b" && document.queryCommandState("bold")) run("bold");
    }
  }

  // A place that was to be filled is words like all others once somebody wrote over it.
  gaps() {
    for (const mark of this.root.querySelectorAll("mark[data-gap]")) {
      if (!mark.textContent.includes("{{")) mark.replaceWith(...mark.childNodes);
    }
  }

  nextGap() {
    const mark = this.root.querySelector("mark[data-gap]");
    if (mark) getSelection().selectAllChildren(mark);
  }

  paste(event) {
    const data = event.clipboardData;
    const files = [...data.files];
    const html = data.getData("text/html");
    const text = data.getData("text/plain");
    event.preventDefault();
    if (files.length && !text) return this.onfiles?.(files);
    if (html && !this.around("pre")) run("insertHTML", cleaned(html) || escaped(text));
    else if (text) run("insertText", text);
    this.changed();
  }
}
