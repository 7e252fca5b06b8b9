//! Without end: loops, memory, floods. Overlay, bar and End are not in the page's process.

use super::{Attack, Expected, Trigger};

const BUSY: &str = "a page may keep its own process busy";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::nothing("busy", "does nothing else for three seconds", BUSY, "const end = Date.now() + 3000; while (Date.now() < end); return 'over';").visual().quick(),
    Attack::new("busy-for-ever", "does nothing else any more", "for (;;);", Expected::Covered("page_stuck")).click().visual().quick(),
    Attack::nothing("history-flood", "fills its history", "the engine stops it after a hundred and the host is not asked", "for (let round = 0; round < 5000; round += 1) history.pushState({}, '', `?run=${run}&round=${round}`);"),
    Attack::nothing("memory", "takes 300 MB", BUSY, "const kept = []; for (let part = 0; part < 30; part += 1) kept.push(new Uint8Array(10 * 1024 * 1024).fill(part));
         window.kept = kept; return 'taken';"),
    Attack::nothing("elements", "fills itself with elements", BUSY, "const all = document.createDocumentFragment();
         for (let number = 0; number < 50000; number += 1) all.append(Object.assign(document.createElement('span'), { textContent: number }));
         document.body.append(all); document.body.getBoundingClientRect(); return 'filled';"),
    Attack::nothing("workers", "starts thirty busy workers", BUSY, "const work = URL.createObjectURL(new Blob(['const end = Date.now() + 2000; while (Date.now() < end);']));
         for (let number = 0; number < 30; number += 1) new Worker(work); await pause(2500);"),
    Attack::nothing("timers", "sets ten thousand timers", BUSY, "for (let number = 0; number < 10000; number += 1) setInterval(() => document.title = String(Math.random()), 1); await pause(1000);"),
    Attack::refused("refusals", "tries to print two hundred times", "print", "for (let round = 0; round < 200; round += 1) window.print(); return 'over';"),
    Attack::nothing("requests", "sends two hundred requests at once", "they are its own origin's, each on record as what it is", "await Promise.all(Array.from({ length: 200 }, (_, number) => fetch(`/hostile/hostile.css?${number}`))); return 'answered';"),
    Attack::new("crash", "loses its process", "", Expected::Covered("page_crashed")).by(Trigger::Crash).visual().quick(),
];
