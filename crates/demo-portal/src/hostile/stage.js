// Runs the attack of its page, reports what came of it, and goes where it is told to next. Reports go by GET: a gateway
// lets a read-only session write nothing.
"use strict";

const { attack: id, other, click } = document.documentElement.dataset;
const run = Number(document.documentElement.dataset.run);
const PATIENCE_MS = 8000;

const pause = (millis) => new Promise((over) => setTimeout(over, millis));

function make(name, attributes) {
  const made = Object.assign(document.createElement(name), attributes);
  document.body.append(made);
  return made;
}

async function report(step, outcome) {
  const json = JSON.stringify({ stage: "attack", attack: id, run, step, outcome: String(outcome ?? "").slice(0, 200) });
  await fetch(`/hostile/report?json=${encodeURIComponent(json)}`).catch(() => {});
}

async function follow() {
  for (;;) {
    try {
      const { page } = await (await fetch(`/hostile/next?after=${run}`)).json();
      if (page) {
        location.assign(page);
        // Still here? Something keeps the page.
        await pause(3000);
      }
    } catch {
      await pause(500);
    }
  }
}

async function perform() {
  let outcome;
  try {
    outcome = await Promise.race([
      window.attack(run, other, make, pause, report),
      pause(PATIENCE_MS).then(() => "no answer"),
    ]);
  } catch (error) {
    outcome = `${error.name}: ${error.message}`;
  }
  await report("done", outcome);
}

(async () => {
  // Within the click itself: a gesture counts for what is done in it.
  const clicked = click && new Promise((over) => document.addEventListener("click", () => over(perform()), { once: true }));
  await report("ready");
  if (clicked) await clicked;
  else if (window.attack) await perform();
  follow();
})();
