// The chat window of a company's site. It sets no cookie, keeps nothing before the first message, and needs no
// inline script, style or HTML: it runs under a strict Content-Security-Policy and under Trusted Types.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.Rapport) return;
  const data = script.dataset;
  const base = new URL(".", script.src).href;
  const place = `rapport-chat ${base}`;
  const phone = matchMedia("(max-width: 480px)");
  let set, words, me = {}, identity = data.identity || "", list = [], waiting = [], state = "", closed = false;
  let timer, stream, streams = 0, live = false, touched = 0, file = null, asking, missed, unread = 0, ui;
  let line = Promise.resolve();

  const make = (tag, attributes = {}, ...inside) => {
    const svg = tag === "svg" || tag === "path";
    const one = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) one.addEventListener(name.slice(2), value);
      else if (value !== false && value != null) one.setAttribute(name, value === true ? "" : value);
    }
    one.append(...inside.filter((each) => each != null));
    return one;
  };
  const link = (href, text) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
  const icon = (d) => make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d }));
  const press = (kind, label, onclick, ...inside) => make("button", { type: "button", class: kind, "aria-label": label, onclick }, ...inside);
  const say = (name, value) => words[name].replace("%s", value);
  const tooLarge = () => say("large", set.fileMax >> 20);
  const isOpen = () => ui.dialog.open;
  const isSeen = () => isOpen() && document.visibilityState === "visible";

  // What is remembered: only of strangers, only after their first message. Whom the site knows it says anew each time.
  const load = () => { try { me = JSON.parse(localStorage.getItem(place)) || {}; } catch { me = {}; } };
  const keep = () => { if (!identity) try { localStorage.setItem(place, JSON.stringify(me)); } catch { /* not allowed */ } };

  async function ask(path, given, method = given ? "POST" : "GET") {
    const headers = me.token ? { Authorization: `Bearer ${me.token}` } : {};
    const form = given instanceof FormData;
    if (given && !form) headers["Content-Type"] = "application/json";
    const body = given && !form ? JSON.stringify(given) : given;
    const answer = await fetch(base + path, { method, headers, body, credentials: "omit", cache: "no-cache" });
    if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
    return answer.json();
  }

  async function begin() {
    const who = identity;
    const found = await ask("session", { identity: who, token: me.token });
    if (identity !== who) throw new Error("Somebody else by now.");
    me = { ...me, token: found.token, n: me.n || found.conversation, known: found.known };
    if (identity) me.n = found.conversation;
    keep();
  }

  // Hearing what was answered: told by a stream, or by asking again, the later the longer nothing happens.
  async function look() {
    clearTimeout(timer);
    if (asking) missed = true;
    if (!me.token || asking) return;
    asking = true;
    missed = false;
    const { token, n } = me;
    const wants = isSeen() && !stream && streams < 4;
    try {
      const told = await ask(`messages?conversation=${me.n}&after=${state}&seen=${+isSeen()}&live=${+wants}`);
      if (me.token !== token || me.n !== n) { asking = false; return look(); }
      set.open = told.open;
      if (told.messages) show(told);
      if (told.live && isSeen()) listen(told.live);
    } catch (error) {
      if (error.status === 401 && me.token === token) { asking = false; me = {}; keep(); return identify(identity, true); }
    }
    asking = false;
    missed ? look() : again();
  }
  function again() {
    clearTimeout(timer);
    if (!me.token) return;
    const quiet = Date.now() - touched;
    const seconds = !isSeen() ? (quiet < 6e5 ? 20 : 120) : live ? 45 : quiet < 12e4 ? 1 : quiet < 6e5 ? 5 : 15;
    timer = setTimeout(look, seconds * 1000);
  }
  function listen(url) {
    streams += 1;
    stream = new EventSource(url);
    for (const what of ["change", "refresh"]) stream.addEventListener(what, look);
    // What was answered while the stream was being opened went past it: look once more.
    stream.addEventListener("hello", () => { live = true; streams = 0; look(); });
    stream.onerror = () => { live = false; if (stream && stream.readyState === 2) hush(); again(); };
  }
  function hush() { if (stream) stream.close(); stream = null; live = false; }

  function show(told) {
    const mine = told.messages.filter((one) => one.ours).length;
    if (mine > list.filter((one) => one.ours).length) touched = Date.now();
    ({ state, closed } = told);
    list = told.messages;
    const here = new Set(list.map((one) => one.id));
    waiting = waiting.filter((one) => !here.has(one.id));
    unread = isSeen() ? 0 : told.unread;
    draw();
  }

  function draw() {
    const all = [...list, ...waiting];
    const wanted = new Set(all.map((one) => one.id));
    for (const item of [...ui.log.children]) if (item.id && !wanted.has(item.id.slice(2))) item.remove();
    const low = ui.scroll.scrollHeight - ui.scroll.scrollTop - ui.scroll.clientHeight < 80;
    all.forEach((one) => {
      let item = ui.log.querySelector(`#m-${CSS.escape(one.id)}`);
      if (!item) item = make("li", { id: `m-${one.id}`, class: one.ours ? "ours" : "mine" });
      const key = one.trouble || (one.at ? "there" : "sending");
      if (item.dataset.key !== key) { item.dataset.key = key; item.replaceChildren(...bubble(one)); }
      if (item !== ui.log.children[all.indexOf(one)]) ui.log.append(item);
    });
    const first = !all.length;
    ui.more.hidden = !first || me.known;
    ui.done.hidden = !closed;
    ui.email.required = set.mail && !set.open && !me.mail;
    ui.emailLabel.textContent = ui.email.required ? words.needed : words.email;
    ui.emailRow.hidden = !set.mail;
    ui.status.textContent = set.open ? words.here : set.mail ? words.mailed : words.away;
    ui.dot.classList.toggle("on", set.open);
    ui.badge.hidden = !unread;
    ui.badge.textContent = unread;
    ui.button.setAttribute("aria-expanded", isOpen());
    ui.button.setAttribute("aria-label", isOpen() ? words.close : unread ? `${words.chat}. ${say("news", unread)}` : words.chat);
    if (low) ui.scroll.scrollTop = ui.scroll.scrollHeight;
  }

  function bubble(one) {
    const at = one.at ? new Date(one.at) : new Date();
    const today = at.toDateString() === new Date().toDateString();
    const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    const time = make("time", {}, at.toLocaleString(navigator.language.startsWith(set.language) ? undefined : set.language, style));
    const who = one.ours ? one.name || words.us : words.you;
    const files = (one.files || []).map((each) => each.ticket
      ? make("a", { class: "file", href: `${base}files/${each.ticket}` }, each.name)
      : make("span", { class: "file" }, each.name));
    const foot = one.trouble
      ? make("p", { class: "foot bad", role: "alert" }, `${one.trouble} `, press("link", null, () => post(one), words.again))
      : make("p", { class: "foot" }, one.ours ? make("b", {}, who, " ") : null, one.at ? time : words.sending);
    const text = one.text ? make("p", { class: "text", dir: "auto" }, ...linked(one.text)) : null;
    return [make("span", { class: "hidden" }, `${who}: `), make("div", { class: "bubble" }, ...[text, ...files].filter(Boolean)), foot];
  }
  const linked = (text) => text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'])/).map((part, at) =>
    at % 2 ? link(part, part) : part);

  async function send(event) {
    event.preventDefault();
    const text = ui.text.value.trim();
    const mail = ui.email.value.trim();
    if (!text && !file) return ui.text.focus();
    const wrong = !ui.more.hidden && !ui.emailRow.hidden && (mail ? !ui.email.checkValidity() : ui.email.required);
    ui.mailError.hidden = !wrong;
    ui.email.setAttribute("aria-invalid", wrong);
    if (wrong) return ui.email.focus();
    if (mail) me.mail = mail;
    if (ui.name.value.trim()) me.name = ui.name.value.trim();
    const one = { id: crypto.randomUUID(), text, upload: file, files: file ? [{ name: file.name }] : [] };
    waiting.push(one);
    ui.text.value = "";
    pick(null);
    grow();
    draw();
    ui.scroll.scrollTop = ui.scroll.scrollHeight;
    ui.text.focus();
    await post(one);
  }

  // One after the other, in the order in which they were written: each asking for itself, the first two would be of two
  // visitors, in two conversations.
  function post(one) {
    touched = Date.now();
    one.trouble = "";
    draw();
    const next = () => bring(one);
    line = line.then(next, next);
    return line;
  }
  async function bring(one) {
    let token;
    try {
      if (!me.token) await begin();
      token = me.token;
      const given = {
        id: one.id, text: one.text, conversation: me.n, name: me.name || "", email: me.mail || "",
        language: document.documentElement.lang || set.language, page: location.origin + location.pathname,
      };
      if (one.upload) {
        const form = new FormData();
        for (const [field, value] of Object.entries(given)) form.append(field, value);
        form.append("file", one.upload, one.upload.name);
        await ask("files", form);
      } else await ask("messages", given);
      keep();
      one.at = one.at || new Date().toISOString();
    } catch (error) {
      if (error.status === 401) {
        // Too old: begun anew, and if the site's own token is not good either, as a stranger.
        if (me.token === token) me = { name: me.name, mail: me.mail };
        one.tries = (one.tries || 0) + 1;
        if (one.tries > 1) identity = "";
        if (one.tries < 3) return bring(one);
      }
      one.trouble = error.status === 429 ? words.slow : error.status === 413 ? tooLarge() : words.failed;
    }
    draw();
    look();
  }

  function pick(chosen) {
    const large = chosen && chosen.size > set.fileMax && tooLarge();
    file = large ? null : chosen;
    ui.input.value = "";
    ui.chip.hidden = !chosen;
    ui.chip.replaceChildren();
    if (large) ui.chip.append(make("span", { role: "alert" }, large));
    else if (file) ui.chip.append(make("span", {}, file.name), press("icon", say("detach", file.name), () => { pick(null); ui.text.focus(); }, icon(CROSS)));
  }
  function grow() { ui.text.style.height = "auto"; ui.text.style.height = `${Math.min(ui.text.scrollHeight + 2, 140)}px`; }

  function open() {
    if (!ui || isOpen()) return;
    phone.matches ? ui.dialog.showModal() : ui.dialog.show();
    touched = Date.now();
    unread = 0;
    draw();
    ui.scroll.scrollTop = ui.scroll.scrollHeight;
    ui.text.focus();
    look();
  }
  function close() { if (ui && isOpen()) ui.dialog.close(); }
  function onClosed() {
    hush();
    draw();
    ui.button.focus();
    again();
  }
  function empty(again) { list = []; if (!again) waiting = []; state = ""; closed = false; unread = 0; }
  function anew() {
    me.n += 1;
    empty();
    keep();
    draw();
    ui.text.focus();
  }
  async function identify(token, again) {
    identity = token || "";
    if (!ui) return;
    hush();
    empty(again);
    if (identity) { me = {}; const mine = identity; await begin().catch(() => { if (identity === mine) identity = ""; }); }
    if (!identity) load();
    draw();
    look();
  }

  const CROSS = "M6 6l12 12M18 6L6 18";
  const BUBBLE = "M4 5h16v11H10l-4 4v-4H4z";
  const CLIP = "M8 12l6-6a3 3 0 014 4l-8 8a5 5 0 01-7-7l7-7";
  const PLANE = "M4 12l16-8-5 16-3-7z";

  function build() {
    const field = (id, label, kind, auto) => {
      const input = make("input", { id, type: kind, autocomplete: auto, maxlength: 120 });
      const text = make("label", { for: id }, label);
      return [input, text, make("div", { class: "field" }, text, input)];
    };
    ui = {};
    let nameRow;
    [ui.name, , nameRow] = field("name", words.name, "text", "name");
    [ui.email, ui.emailLabel, ui.emailRow] = field("email", words.email, "email", "email");
    ui.mailError = make("p", { class: "bad", id: "mail-error", hidden: true }, words.badmail);
    ui.email.setAttribute("aria-describedby", "mail-error");
    ui.emailRow.append(ui.mailError);
    const privacy = set.privacy ? link(set.privacy, words.privacy) : null;
    ui.more = make("div", { class: "more" }, nameRow, ui.emailRow, make("p", { class: "small" }, words.consent, " ", privacy));
    ui.log = make("ol");
    ui.done = make("p", { class: "small", hidden: true }, words.closed, " ", press("link", null, anew, words.fresh));
    ui.scroll = make("div", { class: "scroll", tabindex: "0", role: "log", "aria-label": words.log }, make("p", { class: "greet", dir: "auto" }, set.greeting), ui.log, ui.done);
    ui.dot = make("i", { class: "dot", "aria-hidden": "true" });
    ui.status = make("p", { class: "status", id: "status", "aria-live": "polite" });
    const head = make("header", {}, make("div", {}, make("h2", { id: "title" }, make("bdi", {}, set.title)), make("div", { class: "line" }, ui.dot, ui.status)),
      press("icon", words.close, close, icon(CROSS)));
    ui.text = make("textarea", {
      rows: 1, "aria-label": words.message, placeholder: words.message, maxlength: set.textMax, dir: "auto", oninput: grow,
      onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event); },
    });
    ui.input = make("input", { type: "file", hidden: true, onchange: () => { if (ui.input.files[0]) pick(ui.input.files[0]); ui.text.focus(); } });
    ui.chip = make("div", { class: "chip", hidden: true });
    const bar = make("div", { class: "bar" }, press("icon", words.attach, () => ui.input.click(), icon(CLIP)),
      ui.text, make("button", { class: "icon send", "aria-label": words.send }, icon(PLANE)));
    ui.form = make("form", { novalidate: true, onsubmit: send }, ui.more, ui.chip, bar, ui.input);
    ui.dialog = make("dialog", { "aria-labelledby": "title", "aria-describedby": "status", onclose: onClosed,
      onkeydown: (event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); } } }, head, ui.scroll, ui.form);
    ui.badge = make("span", { class: "badge", hidden: true, "aria-hidden": "true" });
    ui.button = make("button", { type: "button", class: "launch", "aria-haspopup": "dialog",
      onclick: () => (isOpen() ? close() : open()) }, icon(BUBBLE), icon(CROSS), ui.badge);

    // Whatever the site's style sheet says of elements like this one ends here.
    const host = make("div", { "data-rapport": "chat" });
    host.style.setProperty("all", "initial", "important");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(set.sheet);
    root.adoptedStyleSheets = [sheet];
    host.style.setProperty("--c", data.color || set.color);
    host.style.setProperty("--ink", data.ink || set.ink);
    root.append(make("div", { class: "root", lang: set.language, dir: set.direction, "data-side": data.position || set.position, "data-theme": data.theme }, ui.button, ui.dialog));
    document.body.append(host);
  }

  async function start() {
    load();
    const lang = encodeURIComponent(data.lang || document.documentElement.lang || navigator.language);
    set = await (await fetch(`${base}settings?lang=${lang}`, { credentials: "omit" })).json();
    if (!set.words) return;
    words = set.words;
    build();
    draw();
    document.addEventListener("visibilitychange", () => { if (isSeen()) { unread = 0; look(); } });
    if (identity) await identify(identity);
    else look();
    if (data.open != null) open();
  }
  window.Rapport = { open, close, identify: (token) => identify(token) };
  const ready = () => start().catch(() => { /* no chat today; the page goes on */ });
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", ready) : ready();
})();
