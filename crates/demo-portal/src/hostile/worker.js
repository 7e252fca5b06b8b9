// A worker has requests of its own: each ends in one message to the page.
"use strict";
const other = new URL(location.href).searchParams.get("other");
const outcomes = {};
try {
  importScripts(`${other}/from-worker-import.js`);
  outcomes.worker_import = "loaded";
} catch (error) {
  outcomes.worker_import = String(error.name);
}
fetch(`${other}/from-worker-fetch`, { mode: "no-cors" })
  .then(() => "answered", (error) => String(error.name))
  .then((outcome) => {
    outcomes.worker_fetch = outcome;
    postMessage(outcomes);
  });
