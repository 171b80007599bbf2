// Starts what makes the pages quicker. Each part leaves alone what works without it.
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMatters } from "./matters.js";
import { startPresence } from "./presence.js";
import { startComposer } from "./composer.js";
import { startTimes } from "./times.js";
import { startPanes, startSteady } from "./panes.js";
import { startPeople } from "./people.js";
import { startNotices } from "./notices.js";
import { startSearch } from "./search.js";
import { startSelect } from "./select.js";
import { startSmall } from "./small.js";

startSmall();
startPanes();
startSelect();
startTimes();
startComposer();
startKeys();
startNotices();
startSearch();
startMatters();
startPeople();
startSteady();
startLive();
startPresence();
document.documentElement.dataset.ready = "";
