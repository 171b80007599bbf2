// Reads {"requests": [...], "messages": [...]} from standard input, holds each against the schema that Discord publishes,
// and prints what is wrong, a line each. Fields that the schema does not name are wrong, too.
import { readFileSync } from "node:fs";
import { MessageCreateRequestSchema, MessageResponseSchema } from "discord-api-spec/zod";

const whole = JSON.parse(readFileSync(0, "utf8"));
const faults = [];

function held(schema, value, name) {
  const seen = schema.safeParse(value);
  if (!seen.success) faults.push(`${name}: ${JSON.stringify(seen.error.issues)}`);
  const known = Object.keys(schema._zod.def.shape);
  for (const field of Object.keys(value)) if (!known.includes(field)) faults.push(`${name}: no field ${field}`);
}

for (const one of whole.requests) held(MessageCreateRequestSchema, one, "request");
for (const one of whole.messages) held(MessageResponseSchema, one, `message ${one.id}`);
console.log([...faults, `checked ${whole.requests.length} requests, ${whole.messages.length} messages`].join("\n"));
process.exit(faults.length ? 1 : 0);
