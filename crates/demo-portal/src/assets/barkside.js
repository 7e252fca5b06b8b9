// What a form cannot do: changes without a new page, the search, the salon's clock, what only the API tells.
"use strict";

const toasts = document.getElementById("toasts");

function toast(words, refused) {
  if (!toasts) return;
  const box = document.createElement("div");
  box.className = refused ? "toast refused" : "toast";
  const text = document.createElement("p");
  text.textContent = words;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => box.remove());
  box.append(text, close);
  toasts.replaceChildren(box);
  // A refusal stays until it is closed: it says why, and that takes time to read.
  if (!refused) setTimeout(() => box.remove(), 6000);
}

// Why a change was not made, in the words of whoever refused it (the portal or something before it).
async function reason(answer) {
  const kind = answer.headers.get("content-type") || "";
  if (kind.startsWith("application/problem+json")) {
    const problem = await answer.json().catch(() => null);
    if (problem && (problem.detail || problem.title)) return problem.detail || problem.title;
  }
  if (answer.status === 403) return "it is not allowed here.";
  return `Barkside answered with an error (${answer.status}). Please try again.`;
}

async function change(address, body, done) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      headers: body ? { "content-type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    toast("This change was not made: there is no connection. Please try again.", true);
    return false;
  }
  if (!answer.ok) {
    toast(`This change was not made: ${await reason(answer)}`, true);
    return false;
  }
  toast(done, false);
  await refresh();
  return true;
}

// Shows the page as it is after a change, without leaving it.
async function refresh() {
  const [page, me] = await Promise.all([fetch(location.href), fetch("/api/me")]);
  if (page.ok) {
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("main");
    const main = document.querySelector("main");
    if (fresh && main) {
      main.replaceChildren(...fresh.childNodes);
      startTicker();
    }
  }
  if (me.ok) {
    const own = await me.json();
    fill(own);
    const { unread_messages: unread } = own;
    const count = document.querySelector("[data-unread]");
    count.textContent = unread;
    count.hidden = unread === 0;
  }
}

// What stands in no page: `data-own` names the part of `/api/me`.
function fill(own) {
  for (const place of document.querySelectorAll("[data-own]")) place.textContent = own[place.dataset.own] ?? "";
}

async function fillOwn() {
  if (!document.querySelector("[data-own]")) return;
  try {
    const answer = await fetch("/api/me");
    if (answer.ok) fill(await answer.json());
  } catch {
    // It stays as it is; whoever looks reloads the page.
  }
}

function ask(question) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "ask";
    const form = document.createElement("form");
    form.method = "dialog";
    const text = document.createElement("p");
    text.textContent = question;
    const actions = document.createElement("div");
    actions.className = "actions";
    for (const [value, words, look] of [["yes", "Yes, cancel it", "button"], ["no", "Keep it", "button plain"]]) {
      const button = document.createElement("button");
      button.value = value;
      button.className = look;
      button.textContent = words;
      actions.append(button);
    }
    form.append(text, actions);
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    dialog.showModal();
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-post]");
  if (!button) return;
  if (button.dataset.ask && !(await ask(button.dataset.ask))) return;
  button.disabled = true;
  await change(button.dataset.post, null, button.dataset.done);
  button.disabled = false;
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.message) {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const body = { subject: form.elements.subject.value, body: form.elements.body.value };
    await change(form.dataset.message, body, form.dataset.done);
    button.disabled = false;
  } else if (form.dataset.search) {
    event.preventDefault();
  }
});

// Only the newest search may show its answer.
let searches = 0;

document.addEventListener("input", async (event) => {
  const form = event.target.closest("form[data-search]");
  if (!form) return;
  const search = ++searches;
  const card = form.closest(".card");
  const query = event.target.value.trim();
  let found = null;
  if (query) {
    try {
      const answer = await fetch(form.dataset.search, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query }),
      });
      if (!answer.ok) {
        toast(`The search was not carried out: ${await reason(answer)}`, true);
        return;
      }
      found = new Set((await answer.json()).appointments.map((visit) => String(visit.id)));
    } catch {
      toast("The search was not carried out: there is no connection.", true);
      return;
    }
  }
  if (search !== searches) return;
  let shown = 0;
  for (const line of card.querySelectorAll("[data-visit]")) {
    line.hidden = found !== null && !found.has(line.dataset.visit);
    if (!line.hidden) shown += 1;
  }
  card.querySelector("[data-search-empty]").hidden = shown > 0;
});

let ticker = null;

function startTicker() {
  const clock = document.querySelector("[data-ticker]");
  if (!clock) return;
  if (ticker) ticker.close();
  ticker = new EventSource(clock.dataset.ticker);
  ticker.addEventListener("tick", (event) => {
    clock.textContent = JSON.parse(event.data).time.slice(11, 19);
  });
}

startTicker();
fillOwn();
