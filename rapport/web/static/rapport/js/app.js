// Starts what makes the pages quicker. Each part leaves alone what works without it.
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startComposer } from "./composer.js";
import { startTimes } from "./times.js";
import { startPanes } from "./panes.js";
import { startSmall } from "./small.js";

startSmall();
startPanes();
startTimes();
startComposer();
startKeys();
startLive();
