// Passkeys: asks the browser for one and sends what it says. A form says which: data-passkey="create", "get" or "login".
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withIds = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

function creation(given, alone) {
  const key = { ...given.publicKey, challenge: bytes(given.publicKey.challenge) };
  key.user = { ...key.user, id: bytes(key.user.id) };
  key.excludeCredentials = withIds(key.excludeCredentials);
  key.authenticatorSelection = { ...key.authenticatorSelection, residentKey: alone ? "required" : "discouraged", requireResidentKey: alone };
  if (alone) key.authenticatorSelection.userVerification = "required";
  return { publicKey: key };
}

function request(given) {
  const key = { ...given.publicKey, challenge: bytes(given.publicKey.challenge) };
  key.allowCredentials = withIds(key.allowCredentials);
  return { publicKey: key };
}

function said(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function ask(form) {
  if (form.dataset.passkey === "login") {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return navigator.credentials.get(request((await answer.json()).request_options));
  }
  const options = JSON.parse(document.getElementById("js_data").textContent);
  if (form.dataset.passkey === "get") return navigator.credentials.get(request(options.request_options));
  const alone = form.querySelector("[name=passwordless]")?.checked ?? false;
  return navigator.credentials.create(creation(options.creation_options, alone));
}

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button");
  problem.hidden = true;
  button.disabled = true;
  try {
    form.querySelector("[name=credential]").value = said(await ask(form));
    form.submit();
  } catch {
    problem.hidden = false;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) form.hidden = true;
  form.addEventListener("submit", send);
  // Before this had come, pressing it would have sent a form without a passkey.
  form.querySelector("button").disabled = false;
}
