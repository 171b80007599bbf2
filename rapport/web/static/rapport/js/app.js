// Starts what makes the pages quicker. Each part leaves alone what works without it.
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMatters } from "./matters.js";
import { startPresence } from "./presence.js";
import { startComposer } from "./composer.js";
import { startTimes } from "./times.js";
import { startPanes } from "./panes.js";
import { startNotices } from "./notices.js";
import { startSearch } from "./search.js";
import { startSelect } from "./select.js";
import { startSmall } from "./small.js";
import { startSteady } from "./steady.js";

startSmall();
startPanes();
startSelect();
startTimes();
startComposer();
startKeys();
startNotices();
startSearch();
if (document.querySelector("#board, .calendar")) import("./leads.js").then((leads) => leads.startLeads());
if (document.getElementById("review")) import("./duplicates.js").then((twins) => twins.startDuplicates());
startMatters();
startSteady();
startLive();
startPresence();
