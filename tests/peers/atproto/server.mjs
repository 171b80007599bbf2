// The whole Bluesky network on loopback: PLC directory, personal data server, AppView, moderation.
// Started by tests/channels/bluesky/network.py with DB_POSTGRES_URL and REDIS_HOST in the environment;
// writes "ready <address of the data server>" when accounts can be made.
import { TestNetwork } from "@atproto/dev-env";

const network = await TestNetwork.create({
  dbPostgresSchema: "rapport",
  pds: { hostname: "localhost", enableDidDocWithSession: true },
});
process.stdout.write(`ready ${network.pds.url}\n`);

async function end() {
  await network.close();
  process.exit(0);
}

process.on("SIGTERM", end);
// Who started it may be killed: its end of this pipe closes then.
process.stdin.on("end", end).resume();
