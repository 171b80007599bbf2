// Two real providers of identities on loopback: OpenID Connect (oidc-provider, certified) and SAML (samlp).
// Started by tests/signin/identity.py: node server.mjs <settings as JSON>; writes "ready <port>" when it listens.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import samlp from "samlp";

const settings = JSON.parse(process.argv[2]);
let person = settings.person;

function claims() {
  return { sub: person.sub, email: person.email, email_verified: person.email_verified, name: person.name, groups: person.groups };
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const port = server.address().port;
  const issuer = `http://127.0.0.1:${port}`;
  const oidc = new Provider(issuer, {
    clients: [{
      client_id: "rapport", client_secret: settings.secret, redirect_uris: settings.redirects,
      response_types: ["code"], grant_types: ["authorization_code"], token_endpoint_auth_method: "client_secret_basic",
    }],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified", "groups"] },
    cookies: { keys: ["only for tests"] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (context, id) => ({ accountId: id, claims }),
    pkce: { required: () => true },
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({ clientId: "rapport", accountId: context.oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const callback = oidc.callback();
  const saml = samlp.auth({
    issuer: `${issuer}/saml`, cert: settings.cert, key: settings.key, signResponse: true, destination: settings.acs, recipient: settings.acs,
    getPostURL: (audience, dom, request, done) => done(null, settings.acs),
    getUserFromRequest: () => ({ id: person.sub, displayName: person.name, emails: [{ value: person.email }], groups: person.groups }),
    profileMapper: (user) => ({
      getClaims: () => ({ email: user.emails[0].value, displayName: user.displayName, groups: user.groups }),
      getNameIdentifier: () => ({ nameIdentifier: user.id, nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" }),
    }),
  });
  const metadata = samlp.metadata({ issuer: `${issuer}/saml`, cert: settings.cert, redirectEndpointPath: "/saml", postEndpointPath: "/saml" });

  server.on("request", async (request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname === "/person") {
      let body = "";
      for await (const chunk of request) body += chunk;
      person = JSON.parse(body);
      response.end("ok");
    } else if (url.pathname.startsWith("/interaction/")) {
      await oidc.interactionFinished(request, response, { login: { accountId: person.sub } });
    } else if (url.pathname.startsWith("/saml")) {
      Object.assign(request, { query: Object.fromEntries(url.searchParams), body: {}, originalUrl: request.url, protocol: "http" });
      request.get = (name) => request.headers[name.toLowerCase()];
      response.send = (content) => response.end(content);
      response.set = (name, value) => response.setHeader(name, value);
      const handle = url.pathname === "/saml/metadata" ? metadata : saml;
      handle(request, response, (error) => { response.statusCode = 500; response.end(String(error?.stack ?? error)); });
    } else {
      callback(request, response);
    }
  });
  process.stdout.write(`ready ${port}\n`);
});
