// Loaded first (node --require): whatever listens without naming a host listens on loopback only.
const net = require("net");

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (first, ...rest) {
  if (first && typeof first === "object" && "port" in first) {
    return listen.call(this, { ...first, host: "127.0.0.1", ipv6Only: undefined }, ...rest);
  }
  if (/^\d+$/.test(String(first))) {
    const others = typeof rest[0] === "string" ? rest.slice(1) : rest;
    return listen.call(this, first, "127.0.0.1", ...others);
  }
  return listen.call(this, first, ...rest);
};
