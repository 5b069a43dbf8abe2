// The dailies page: takes as they arrive, four side by side in sync; judged by keyboard.
// Nothing is loaded from anywhere but the service itself, and nothing is drawn from text as HTML.

const ACROSS = 4;              // takes side by side
const AT_ONCE = 2;             // previews loaded at a time: a browser has few connections to spare
const OPEN = ["running", "pausing", "cancelling", "queued", "paused"];
const $ = (id) => document.getElementById(id);

const jobs = new Map();        // id -> entry
const takes = new Map();       // id -> take entry
const movies = new Map();      // take id -> {url} | {problem}
const asks = [];               // what the engine wants to be shown
let held = false;
let shot = "";                 // key of the shot in the viewer: job, and which four of it
let chosen = 0;                // which of its takes
let lastEvent = null;
let loaded = false;            // whether the engine has been asked once

// ---------------------------------------------------------------- asking the service

class Shut extends Error {}
class Gone extends Error {}

function token() {
  return sessionStorage.getItem("token") || "";
}

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${token()}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new Gone();
  }
  if (answer.status === 401) throw new Shut();
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(words(told)), { problem: told });
  return told;
}

function words(problem) {
  return [problem.what, problem.where, problem.remedy].filter(Boolean).join(". ");
}

/** The token of the link this page was opened with; it leaves the address bar at once. */
async function comeIn() {
  const said = new URLSearchParams(location.hash.slice(1));
  if (!location.hash) return;
  history.replaceState(null, "", location.pathname);
  if (said.get("token")) sessionStorage.setItem("token", said.get("token"));
  if (said.get("ticket")) {
    const bought = await ask("POST", "/v1/tickets/redeem", { ticket: said.get("ticket") });
    sessionStorage.setItem("token", bought.token);
  }
}

/** Hear events until the connection ends; what was missed comes first. */
async function hear() {
  const headers = { Authorization: `Bearer ${token()}` };
  if (lastEvent !== null) headers["Last-Event-ID"] = String(lastEvent);
  let answer;
  try {
    answer = await fetch("/v1/events", { headers });
  } catch {
    throw new Gone();
  }
  if (answer.status === 401) throw new Shut();
  if (!answer.ok) throw new Gone();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const silence = new Promise((_, no) => setTimeout(() => no(new Gone()), 45000));
    const { value, done } = await Promise.race([reader.read(), silence]).catch(() => ({ done: true }));
    if (done) {
      reader.cancel().catch(() => {});
      throw new Gone();
    }
    waiting += value;
    const whole = waiting.split("\n\n");
    waiting = whole.pop();
    for (const each of whole) {
      const fields = Object.fromEntries(each.split("\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trim()];
      }));
      if (fields.data) await heard(fields.event, JSON.parse(fields.data));
    }
  }
}

async function listen() {
  let wait = 500;
  for (;;) {
    try {
      await hear();
    } catch (error) {
      if (error instanceof Shut) {
        state("shut", "This page has no key, or the engine was started anew: open it with `secondunit serve --open`");
        return;
      }
      if (document.body.dataset.state !== "gone") wait = 500;
      state("gone", "The engine is gone. It is looked for; nothing is lost");
    }
    await new Promise((go) => setTimeout(go, wait));
    wait = Math.min(wait * 1.6, 5000);
  }
}

function state(name, text) {
  document.body.dataset.state = name;
  $("connection").textContent = text;
}

// ---------------------------------------------------------------- what is told

async function heard(kind, told) {
  if (kind === "hello") {
    lastEvent = lastEvent === null ? told.last : Math.min(lastEvent, told.last);
    await everything();
    state("here", "");
    return;
  }
  if (told.id) lastEvent = told.id;
  const event = told.event;
  const job = event.job || "";
  if (kind === "progress" || kind === "preview") {
    const entry = jobs.get(job);
    if (!entry) return;
    Object.assign(entry, { phase: event.phase, done: event.done, total: event.total, seconds_left: event.seconds_left });
    if (kind === "preview") {
      await picture(entry);
      drawShots();
    }
    drawQueue();
    drawUnderway();
  } else if (kind === "ask") {
    asks.push({ job, message: event.message, frame: event.frame });
    drawNeeds();
    aloud(event.message);
  } else if (kind === "take" || kind === "rated") {
    const found = await ask("GET", `/v1/takes?job=${encodeURIComponent(job)}&limit=1000`);
    for (const each of found.takes) keep(each);
    await entryOf(job);
    if (kind === "take") aloud(`A take has arrived: ${name(jobs.get(job))}`);
    draw();
  } else if (kind !== "notice") {
    await entries();
    draw();
  }
}

async function everything() {
  const found = await ask("GET", "/v1/takes?limit=200");
  for (const each of found.takes) keep(each);
  await entries();
  loaded = true;
  draw();
}

async function entries() {
  const told = await ask("GET", "/v1/jobs?limit=500");
  held = told.held;
  for (const each of told.jobs) jobs.set(each.id, { ...each, ...seen(each.id) });
  for (const each of takes.values()) if (!jobs.has(each.take.job)) await entryOf(each.take.job);
  for (let i = asks.length; i--;) if (!OPEN.includes(jobs.get(asks[i].job)?.state)) asks.splice(i, 1);
}

/** What this page alone knows of a job. */
function seen(id) {
  const had = jobs.get(id);
  return { shown: had?.shown, dismissed: had?.dismissed && had.state === "failed" };
}

async function entryOf(id) {
  try {
    jobs.set(id, { ...(await ask("GET", `/v1/jobs/${encodeURIComponent(id)}`)), ...seen(id) });
  } catch (error) {
    if (error instanceof Gone || error instanceof Shut) throw error;
  }
}

function keep(entry) {
  const had = takes.get(entry.id);
  const full = { rating: "", note: "", ...entry };
  if (had && had.take.media === full.take.media && had.made === full.made) full.drawn = had.drawn;
  else movies.delete(entry.id);
  takes.set(entry.id, full);
}

async function picture(entry) {
  try {
    const answer = await fetch(`/v1/jobs/${encodeURIComponent(entry.id)}/preview`, { headers: { Authorization: `Bearer ${token()}` } });
    if (!answer.ok) return;
    if (entry.shown) URL.revokeObjectURL(entry.shown);
    entry.shown = URL.createObjectURL(await answer.blob());
  } catch { /* the next one comes soon */ }
}

function aloud(text) {
  $("aloud").textContent = text;
}

// ---------------------------------------------------------------- shots: four takes of a job each

function shots() {
  const byJob = new Map();
  for (const each of takes.values()) {
    if (!byJob.has(each.take.job)) byJob.set(each.take.job, []);
    byJob.get(each.take.job).push(each);
  }
  const found = [];
  for (const [job, made] of byJob) {
    made.sort((a, b) => a.take.number - b.take.number);
    for (let at = 0; at < made.length; at += ACROSS) {
      found.push({ key: `${job} ${at}`, job, takes: made.slice(at, at + ACROSS), latest: made[made.length - 1].made || 0, at });
    }
  }
  return found.sort((a, b) => b.latest - a.latest || (a.job < b.job ? -1 : a.job > b.job ? 1 : a.at - b.at));
}

function now() {
  const all = shots();
  return all.find((each) => each.key === shot) || all[0];
}

function current() {
  return now()?.takes[Math.min(chosen, now().takes.length - 1)];
}

function name(entry) {
  if (!entry) return "a job of another time";
  const file = entry.job.output.split(/[\\/]/).pop();
  return file.replace(/\.[^.]*$/, "").replace(/[_.-]?t?\{take\}|[_.-]#+|[_.-]%0?\d*d/g, "") || entry.job.task;
}

function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

// ---------------------------------------------------------------- drawing

function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...inside.filter((each) => each !== ""));
  return made;
}

function draw() {
  drawShots();
  drawViewer();
  drawUnderway();
  drawQueue();
  drawNeeds();
}

function drawShots() {
  const focused = document.activeElement?.dataset?.shot;
  const rows = shots().map((each) => {
    const entry = jobs.get(each.job);
    const circled = each.takes.filter((take) => take.rating === "circled").length;
    const numbers = each.takes.length > 1 ? `takes ${each.takes[0].take.number}–${each.takes[each.takes.length - 1].take.number}` : `take ${each.takes[0].take.number}`;
    const about = [entry?.job.task, numbers, circled ? `● ${circled} circled` : ""].filter(Boolean).join(" · ");
    return make("button", { "data-shot": each.key, "aria-current": String(each.key === now().key), onclick: () => go(each.key) },
      make("span", {}, name(entry)), make("span", {}, about));
  });
  const busy = [...jobs.values()].find((each) => each.state === "running" && each.shown);
  const live = busy && takes.size ? [make("figure", {}, make("img", { src: busy.shown, alt: "What the model believes so far" }),
    make("figcaption", {}, `${name(busy)}, so far`))] : [];
  $("shots").replaceChildren(...live, ...rows);
  if (focused) rows.find((each) => each.dataset.shot === focused)?.focus({ preventScroll: true });
}

function go(key) {
  player.stop();
  shot = key;
  chosen = 0;
  draw();
}

function drawViewer() {
  const here = now();
  $("viewer").hidden = !here;
  const busy = [...jobs.values()].some((each) => each.state === "running");
  $("empty").hidden = Boolean(here) || busy || !loaded;
  if (!here) return;
  shot = here.key;
  chosen = Math.min(chosen, here.takes.length - 1);
  const first = here.takes[0].take;
  const across = here.takes.length === 1 ? 1 : here.takes.length === 3 && first.width > first.height ? 2 : Math.min(2, here.takes.length);
  $("takes").style.setProperty("--across", first.height > first.width ? here.takes.length : across);
  $("takes").style.setProperty("--shape", `${first.width} / ${first.height}`);
  const tiles = here.takes.map((entry, place) => tile(entry, place));
  const old = [...$("takes").children];
  if (tiles.length !== old.length || tiles.some((each, i) => each !== old[i])) $("takes").replaceChildren(...tiles);
  player.show(here.takes.map((each) => each.drawn.video), first);
  drawJudged();
  load();
}

/** The tile of a take: made once, so that its picture never jumps. */
function tile(entry, place) {
  if (!entry.drawn) {
    const video = make("video", { playsinline: "", preload: "auto", tabindex: "-1" });
    video.muted = true;
    video.addEventListener("seeked", () => player.arrived(video));
    const waiting = make("p", {}, "Getting the picture ready");
    const number = make("kbd", {}), head = make("span"), rating = make("span", { class: "rating" });
    const node = make("article", { class: "take", tabindex: "0", "data-take": entry.id },
      make("div", { class: "picture" }, video, waiting), make("div", { class: "caption" }, number, head, rating));
    node.addEventListener("click", () => choose(place));
    node.addEventListener("focus", () => choose(Number(node.dataset.place)));
    entry.drawn = { node, video, waiting, number, head, rating };
  }
  const { node, number, head, rating } = entry.drawn;
  node.dataset.place = place;
  node.dataset.rating = entry.rating;
  node.setAttribute("aria-current", String(place === chosen));
  node.setAttribute("aria-label", `Take ${entry.take.number}${entry.rating ? `, ${entry.rating}` : ""}`);
  number.textContent = place + 1;
  head.textContent = `take ${entry.take.number} · seed ${entry.take.seed}`;
  head.className = "figures";
  rating.textContent = { circled: "● circled", rejected: "✕ rejected" }[entry.rating] || "";
  return node;
}

function choose(place) {
  const here = now();
  if (!here || place >= here.takes.length || place === chosen) return;
  saveNote();
  chosen = place;
  here.takes.forEach((each, at) => each.drawn.node.setAttribute("aria-current", String(at === chosen)));
  drawJudged();
}

function drawJudged() {
  const entry = current();
  const job = jobs.get(entry.take.job);
  const values = job?.job.values || {};
  const frames = entry.take.range.split(/(?<=\d)-/);
  $("told-head").textContent = [`Take ${entry.take.number}`, `seed ${entry.take.seed}`, job?.job.model, `${entry.take.width} × ${entry.take.height}`,
    frames.length > 1 ? `frames ${frames[0]}–${frames[1]}` : `frame ${frames[0]}`].filter(Boolean).join(" · ");
  $("told-prompt").textContent = values.prompt || "No words were given";
  $("circle").setAttribute("aria-pressed", String(entry.rating === "circled"));
  $("reject").setAttribute("aria-pressed", String(entry.rating === "rejected"));
  $("download").href = entry.links.media;
  if (document.activeElement !== $("note") || $("note").dataset.take !== entry.id) {
    $("note").value = entry.note;
    $("note").dataset.take = entry.id;
  }
}

function drawUnderway() {
  const busy = [...jobs.values()].find((each) => each.state === "running");
  const alone = busy && !takes.size;
  $("underway").hidden = !alone;
  if (!alone) return;
  $("underway-words").textContent = `${name(busy)}: ${way(busy)}`;
  $("underway-picture").hidden = !busy.shown;
  if (busy.shown) $("underway-picture").src = busy.shown;
}

function drawNeeds() {
  $("needs").hidden = !asks.length;
  $("needs").replaceChildren(...asks.map((each, at) => make("div", {},
    make("p", {}, `Needs you · ${name(jobs.get(each.job))}: ${each.message}`),
    make("button", { onclick: () => { asks.splice(at, 1); drawNeeds(); } }, "Seen"))));
}

function lasting(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return minutes ? `~${minutes} min ${String(whole % 60).padStart(2, "0")} s left` : `~${whole} s left`;
}

function way(entry) {
  const share = entry.total ? `${Math.round((100 * (entry.done || 0)) / entry.total)} %` : "";
  const asked = entry.job.takes || 1;
  const count = asked > 1 ? `shot ${Math.min((entry.takes || 0) + 1, asked)} of ${asked}` : "";
  const said = {
    running: [entry.phase || "getting ready", count, share, lasting(entry.seconds_left)],
    pausing: ["stopping, to go on later"], paused: ["paused"], cancelling: ["being cancelled"],
    queued: [held ? "waiting: all is paused" : "waiting"],
  }[entry.state];
  return said ? said.filter(Boolean).join(" · ") : entry.state;
}

function drawQueue() {
  const all = [...jobs.values()].sort((a, b) => (a.place || 0) - (b.place || 0));
  const failed = all.filter((each) => each.state === "failed" && !each.dismissed).slice(-3);
  const open = all.filter((each) => OPEN.includes(each.state))
    .sort((a, b) => OPEN.indexOf(a.state) - OPEN.indexOf(b.state) || (a.place || 0) - (b.place || 0));
  const focused = document.activeElement?.dataset?.act;
  const rows = [...failed, ...open.slice(0, 5)].map(row);
  $("queue").replaceChildren(...rows);
  if (focused) document.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const more = open.length - 5;
  $("queue-words").textContent = more > 0 ? `and ${more} more` : open.length || failed.length ? "" : "Nothing is waiting";
  $("hold").hidden = !held && !open.length;
  $("hold").textContent = held ? "Go on with all" : "Pause all";
  document.body.dataset.queue = failed.length ? "failed" : open.some((each) => each.state === "running") ? "shooting" : open.length ? "waiting" : "";
}

function row(entry) {
  const shown = make("div", { class: "way" });
  if (entry.state === "running") {
    const bar = make("progress", { max: entry.total || 1, "aria-label": "Progress" });
    bar.value = entry.done || 0;
    shown.append(bar);
  }
  const told = entry.state === "failed" ? words(entry.problem || { what: "It failed" }) : way(entry);
  shown.append(make("span", { class: "words" }, told));
  const acts = {
    running: ["pause", "cancel"], queued: ["pause", "cancel"], paused: ["resume", "cancel"],
    pausing: ["cancel"], failed: ["retry"],
  }[entry.state] || [];
  const titles = { pause: "Pause", cancel: "Cancel", resume: "Go on", retry: "Try again" };
  const buttons = acts.map((act) => make("button", { "data-act": `${act} ${entry.id}`, onclick: () => doing(`/v1/jobs/${encodeURIComponent(entry.id)}/${act}`) },
    titles[act], make("span", { class: "unseen" }, ` ${name(entry)}`)));
  if (entry.state === "failed") {
    buttons.push(make("button", { "data-act": `report ${entry.id}`, onclick: () => report(entry) }, "Copy report"));
    buttons.push(make("button", { "data-act": `seen ${entry.id}`, onclick: () => { entry.dismissed = true; drawQueue(); } }, "Seen"));
  }
  return make("li", { "data-state": entry.state, "data-job": entry.id },
    make("span", { class: "name" }, name(entry)), shown, make("div", { class: "acts" }, ...buttons));
}

async function doing(path, body, method = "POST") {
  try {
    const told = await ask(method, path, body);
    await entries();
    draw();
    return told;
  } catch (error) {
    complain(error);
    return null;
  }
}

function complain(error) {
  if (error instanceof Gone || error instanceof Shut) return; // the line at the top tells it
  state(document.body.dataset.state, error.message);
  aloud(error.message);
}

async function report(entry) {
  const text = JSON.stringify({ problem: entry.problem, job: entry.job, attempts: entry.attempts }, null, 2);
  try {
    await navigator.clipboard.writeText(text);
    aloud("The report is copied");
  } catch {
    aloud("The browser does not let the report be copied");
  }
}

// ---------------------------------------------------------------- pictures, a few at a time

let loading = 0;

function load() {
  const here = now();
  const wanted = here.takes.filter((each) => !movies.has(each.id));
  for (const each of wanted.slice(0, AT_ONCE - loading)) fetched(each);
  for (const each of here.takes) fill(each);
}

async function fetched(entry) {
  movies.set(entry.id, {});
  loading += 1;
  try {
    const answer = await fetch(entry.links.preview);
    if (!answer.ok) movies.set(entry.id, { problem: words(await answer.json()) });
    else movies.set(entry.id, { url: URL.createObjectURL(await answer.blob()) });
  } catch {
    movies.delete(entry.id);
  }
  loading -= 1;
  if (movies.has(entry.id) && now()) drawViewer();
}

function fill(entry) {
  const movie = movies.get(entry.id), { video, waiting } = entry.drawn;
  if (movie?.problem) waiting.textContent = movie.problem;
  if (!movie?.url || video.src === movie.url) return;
  video.addEventListener("loadeddata", () => { waiting.hidden = true; player.joined(video); }, { once: true });
  video.addEventListener("error", () => { waiting.textContent = "This browser cannot play the picture; download it"; });
  video.src = movie.url;
}

// ---------------------------------------------------------------- playing, all in sync

const player = {
  videos: [], frames: 1, rate: 24, first: 0, frame: 0, playing: false,

  show(videos, take) {
    for (const each of this.videos) if (!videos.includes(each)) each.pause();
    const [from, to] = take.range.split(/(?<=\d)-/).map(Number);
    const [above, below] = String(take.rate).split("/").map(Number);
    this.videos = videos;
    this.first = from;
    this.frames = (to ?? from) - from + 1;
    this.rate = above / (below || 1);
    this.frame = Math.min(this.frame, this.frames - 1);
    $("scrub").max = this.frames - 1;
    this.tell();
  },

  ready() {
    return this.videos.filter((each) => each.readyState >= 2);
  },

  at(frame) {
    return (frame + 0.5) / this.rate;
  },

  joined(video) {
    this.aim(video);
    if (this.playing) video.play().catch(() => {});
  },

  seek(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, frame));
    for (const each of this.ready()) this.aim(each);
    this.tell();
  },

  /** A browser forgets a second place it is sent to on its way to the first: see arrived. */
  aim(video) {
    if (!video.seeking) video.currentTime = this.at(this.frame);
  },

  arrived(video) {
    const apart = Math.abs(video.currentTime - this.at(this.frame));
    if (!this.playing && this.videos.includes(video) && apart > 0.25 / this.rate) this.aim(video);
  },

  start() {
    if (this.playing || !this.ready().length) return;
    this.playing = true;
    if (this.frame >= this.frames - 1) this.seek(0);
    for (const each of this.ready()) each.play().catch(() => {});
    requestAnimationFrame(() => this.tick());
    this.tell();
  },

  stop() {
    this.playing = false;
    for (const each of this.videos) each.pause();
    this.seek(this.frame);
  },

  toggle() {
    if (this.playing) this.stop();
    else this.start();
  },

  tick() {
    if (!this.playing) return;
    const running = this.ready();
    const lead = running[0];
    if (lead && (lead.ended || lead.currentTime >= this.frames / this.rate - 0.001)) {
      for (const each of running) { each.currentTime = 0; each.play().catch(() => {}); }
    } else if (lead) {
      this.frame = Math.min(this.frames - 1, Math.floor(lead.currentTime * this.rate));
      for (const each of running.slice(1)) {
        if (Math.abs(each.currentTime - lead.currentTime) > 1.5 / this.rate) each.currentTime = lead.currentTime;
        if (each.paused) each.play().catch(() => {});
      }
    }
    this.tell();
    requestAnimationFrame(() => this.tick());
  },

  tell() {
    $("scrub").value = this.frame;
    $("scrub").setAttribute("aria-valuetext", `frame ${this.first + this.frame}`);
    $("frame").textContent = `${this.first + this.frame} · ${this.frame + 1} of ${this.frames}`;
    $("play").textContent = this.playing ? "❚❚" : "▶";
    $("play").setAttribute("aria-label", this.playing ? "Stop" : "Play");
  },
};

// ---------------------------------------------------------------- judging

async function judge(rating) {
  const entry = current();
  if (!entry) return;
  await said(entry, { rating: entry.rating === rating ? "" : rating });
  aloud(`Take ${entry.take.number} ${takes.get(entry.id).rating || "neither circled nor rejected"}`);
}

async function said(entry, what) {
  try {
    keep(await ask("PATCH", `/v1/takes/${encodeURIComponent(entry.id)}`, what));
    draw();
  } catch (error) {
    complain(error);
  }
}

function saveNote() {
  const entry = takes.get($("note").dataset.take);
  if (entry && $("note").value !== entry.note) said(entry, { note: $("note").value });
}

// ---------------------------------------------------------------- keys

function showKeys() {
  const hidden = !$("keys").hidden;
  $("keys").hidden = hidden;
  $("show-keys").setAttribute("aria-expanded", String(!hidden));
}

function step(by) {
  const all = shots(), at = all.findIndex((each) => each.key === now()?.key);
  if (all[at + by]) go(all[at + by].key);
}

const KEYS = {
  " ": () => player.toggle(),
  ArrowUp: () => judge("circled"),
  ArrowDown: () => judge("rejected"),
  ArrowLeft: () => { player.stop(); player.seek(player.frame - 1); },
  ArrowRight: () => { player.stop(); player.seek(player.frame + 1); },
  n: () => $("note").focus(),
  d: () => $("download").click(),
  "[": () => step(-1),
  "]": () => step(1),
  "?": showKeys,
};
for (let at = 0; at < ACROSS; at += 1) KEYS[String(at + 1)] = () => { choose(at); current()?.drawn.node.focus({ preventScroll: true }); };

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const where = event.target;
  if (where === $("note")) {
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey)) {
      event.preventDefault();
      saveNote();
      current()?.drawn.node.focus({ preventScroll: true });
    }
    return;
  }
  if (event.key === "Escape" && !$("keys").hidden) return void showKeys();
  if (event.key === " " && where.closest?.("button, a") && where !== $("play")) return; // its own key
  const act = KEYS[event.key];
  if (!act || (!now() && event.key !== "?")) return;
  event.preventDefault();
  if (!event.repeat || event.key === "ArrowLeft" || event.key === "ArrowRight") act();
}

document.addEventListener("keydown", pressed);
document.addEventListener("keyup", (event) => { if (event.key === " " && event.target === $("play")) event.preventDefault(); });
$("play").addEventListener("click", () => player.toggle());
$("scrub").addEventListener("input", () => { const wanted = Number($("scrub").value); player.stop(); player.seek(wanted); });
$("circle").addEventListener("click", () => judge("circled"));
$("reject").addEventListener("click", () => judge("rejected"));
$("note").addEventListener("change", saveNote);
$("show-keys").addEventListener("click", showKeys);
$("hold").addEventListener("click", () => doing(`/v1/queue/${held ? "resume" : "pause"}`));

comeIn().catch(() => {}).then(() => { draw(); return listen(); });
