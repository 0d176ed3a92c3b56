/* The dashboard: asks /api/status each second and shows it. It only reads, and whatever it
 * is told goes onto the page as text. */
'use strict';

const POLL_MS = 1000;
const PATIENCE_MS = 5000;
const HOUR_MS = 3600 * 1000;
const GAP_MS = 35 * 1000; /* points come each 10 s: further apart there was no supervisor */
const MANY = 256;         /* shards: beyond, their numbers have no room */

const byId = (id) => document.getElementById(id);
const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/* ---- Words --------------------------------------------------------------- */

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

const rate = (n) => (n < 10 ? decimal : count).format(n);

function bytes(n) {
  if (n >= 1 << 30) return decimal.format(n / (1 << 30)) + ' GiB';
  return count.format(n / (1 << 20)) + ' MiB';
}

/* "42 s", "3 min", "2 h 5 min", "3 d 4 h" */
function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  const min = Math.floor(s / 60);
  const h = Math.floor(min / 60);
  const two = (a, unit, b, small) => a + ' ' + unit + (b ? ' ' + b + ' ' + small : '');
  if (s < 60) return s + ' s';
  if (min < 60) return min + ' min';
  if (h < 48) return two(h, 'h', min % 60, 'min');
  return two(Math.floor(h / 24), 'd', h % 24, 'h');
}

const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');
const clockMinute = (ms) => clock(ms).slice(0, 5);

/* A time of today, or with its day. */
function moment(ms, now) {
  const day = (t) => new Date(t).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return day(ms) === day(now) ? clock(ms) : day(ms) + ' ' + clock(ms);
}

const plural = (n, one) => count.format(n) + ' ' + one + (n === 1 ? '' : 's');
const sentence = (parts) => parts.filter(Boolean).join(' · ');

/* ---- The head ------------------------------------------------------------ */

function headline(s) {
  const ready = count.format(s.shards_ready) + ' of ' + plural(s.shards.length, 'shard') + ' ready';
  if (!s.shards.length) return 'Starting: there is no plan yet';
  if (s.state === 'stopping') return 'Stopping: ' + ready;
  if (s.state === 'restarting') return ready + ', restarting';
  if (s.done_at_ms && s.done_at_ms > s.now_ms)
    return ready + ', the last in ' + span(s.done_at_ms - s.now_ms);
  return ready;
}

function lamp(s) {
  if (s.shards.some((shard) => kindOf(shard).tone === 'bad')) return 'bad';
  if (s.state === 'running' && s.shards_ready === s.shards.length) return 'ready';
  return 'busy';
}

function showHead(s) {
  const text = headline(s);
  setText(byId('sentence'), text);
  byId('lamp').className = 'lamp ' + lamp(s);
  document.title = s.shards_ready + '/' + s.shards.length + ' · Cordage';
  setText(byId('release'), s.release);
  setText(byId('range'), s.shards.length === s.shard_count || !s.shards.length ? '' :
    'Shards ' + s.shard_first + ' to ' + s.shard_last + ' of ' + count.format(s.shard_count) +
    ' are on this machine');
  byId('range').hidden = !byId('range').textContent;
}

function showTiles(s) {
  const running = s.workers.filter((w) => w.state === 'running').length;
  const latency = latest(s, 'latency_ms');
  setText(byId('guilds'), s.guilds.shards_reported ? count.format(s.guilds.total) : '–');
  setText(byId('guilds-note'), s.guilds.complete ? 'of all shards' :
    'of ' + count.format(s.guilds.shards_reported) + ' of ' + plural(s.guilds.shards, 'shard'));
  setText(byId('rate'), rate(s.events_per_s));
  setText(byId('rate-note'), count.format(s.totals.events) + ' in all');
  setText(byId('latency'), latency ? latency + ' ms' : '–');
  setText(byId('latency-note'), 'median of all shards');
  setText(byId('uptime'), span(s.now_ms - s.started_at_ms));
  setText(byId('uptime-note'), plural(running, 'worker') + ' running');
}

function latest(s, field) {
  return s.points.length ? s.points[s.points.length - 1][field] : null;
}

/* ---- Shards -------------------------------------------------------------- */

/* What a shard is, for eyes: a word, a sign that needs no colour, and a tone. */
const KINDS = {
  ready: { tone: 'ready', sign: '' },
  loading: { tone: 'ready', sign: '⋯' },
  paused: { tone: 'warn', sign: '‖' },
  replaying: { tone: 'busy', sign: '»' },
  moving: { tone: 'busy', sign: '⇄' },
  resuming: { tone: 'busy', sign: '↻' },
  identifying: { tone: 'busy', sign: '+' },
  connecting: { tone: 'busy', sign: '→' },
  waiting: { tone: 'idle', sign: '–' },
  down: { tone: 'bad', sign: '!' },
  stopped: { tone: 'bad', sign: '×' },
};

function kindName(shard) {
  if (shard.moving) return 'moving';
  if (shard.state === 'ready') {
    if (shard.paused) return 'paused';
    if (shard.replaying) return 'replaying';
    return shard.loading ? 'loading' : 'ready';
  }
  if (shard.state === 'waiting' && shard.dark_since_ms) return 'down';
  return KINDS[shard.state] ? shard.state : 'waiting';
}

const kindOf = (shard) => KINDS[kindName(shard)];

let cells = []; /* one a shard: its elements, and the kind they show */
let chosen = null;

function makeCell(shard, index) {
  const button = make('button', 'cell');
  const sign = make('span', 'sign');
  button.type = 'button';
  button.tabIndex = index === 0 ? 0 : -1;
  button.dataset.index = index;
  button.setAttribute('aria-describedby', 'detail');
  button.append(sign, make('span', 'number', String(shard.shard)));
  return { button, sign, kind: null };
}

function makeCells(shards) {
  const grid = byId('grid');
  cells = shards.map(makeCell);
  chosen = null;
  grid.replaceChildren(...cells.map((cell) => cell.button));
  grid.classList.toggle('many', shards.length > MANY);
}

function showShards(s) {
  const numbers = new Map();
  if (cells.length !== s.shards.length) makeCells(s.shards);
  s.shards.forEach((shard, i) => {
    const name = kindName(shard);
    const cell = cells[i];
    numbers.set(name, (numbers.get(name) || 0) + 1);
    if (cell.kind === name) return;
    cell.kind = name;
    cell.button.className = 'cell ' + KINDS[name].tone + (chosen === i ? ' shown' : '');
    cell.button.setAttribute('aria-label', 'Shard ' + shard.shard + ', ' + name);
    setText(cell.sign, KINDS[name].sign);
  });
  showLegend(numbers);
  showDetail(s);
}

function signCell(kind) {
  const cell = make('i', 'cell ' + kind.tone);
  cell.append(make('span', 'sign', kind.sign));
  return cell;
}

let legendText = '';

function showLegend(numbers) {
  const there = Object.keys(KINDS).filter((name) => numbers.has(name));
  const text = there.map((name) => name + numbers.get(name)).join();
  if (text === legendText) return;
  legendText = text;
  byId('legend').replaceChildren(...there.map((name) => {
    const item = make('li');
    item.append(signCell(KINDS[name]), name, make('b', '', count.format(numbers.get(name))));
    return item;
  }));
}

function detailOf(shard, now) {
  const dark = shard.dark_since_ms ? 'without events for ' + span(now - shard.dark_since_ms) : '';
  const name = kindName(shard);
  return sentence([
    'Shard ' + shard.shard,
    name,
    dark,
    shard.worker === null ? 'no worker' : 'worker ' + shard.worker,
    shard.latency_ms === null ? '' : shard.latency_ms + ' ms',
    shard.reported ? plural(shard.guilds, 'guild') : 'guilds not known yet',
    rate(shard.events_per_s) + ' events/s',
    shard.last_event_ago_ms === null ? '' : 'last event ' + span(shard.last_event_ago_ms) + ' ago',
    shard.queued ? count.format(shard.queued) + ' queued' : '',
    shard.stalls ? plural(shard.stalls, 'stall') : '',
    shard.close_code ? 'last close code ' + shard.close_code : '',
  ]);
}

function showDetail(s) {
  if (chosen !== null && s.shards[chosen])
    setText(byId('detail'), detailOf(s.shards[chosen], s.now_ms));
}

function choose(index) {
  const old = cells[chosen];
  if (old) {
    old.button.classList.remove('shown');
    old.button.tabIndex = -1;
  } else {
    cells[0].button.tabIndex = -1;
  }
  chosen = index;
  cells[index].button.classList.add('shown');
  cells[index].button.tabIndex = 0;
  showDetail(last);
}

function onShard(event) {
  const cell = event.target.closest('#grid .cell');
  if (cell && last) choose(Number(cell.dataset.index));
}

function columns() {
  const top = cells[0].button.offsetTop;
  const n = cells.findIndex((cell) => cell.button.offsetTop !== top);
  return n < 0 ? cells.length : n;
}

function onGridKey(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(),
    Home: -cells.length, End: cells.length };
  const step = steps[event.key];
  if (!step || !cells.length) return;
  event.preventDefault();
  const to = Math.min(cells.length - 1, Math.max(0, (chosen || 0) + step));
  cells[to].button.focus();
}

/* ---- Charts -------------------------------------------------------------- */

function svg(name, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

/* A round number that isn't under n, and whose half is round, too. */
function roundUp(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map((f) => f * power).find((top) => top >= n * 0.999);
}

class Chart {
  constructor(name, field, unit, format, lowest) {
    Object.assign(this, { field, unit, format, lowest, points: [], now: 0, pointed: null });
    this.box = byId(name + '-chart');
    this.readout = byId(name + '-at');
    this.box.addEventListener('pointermove', (event) => this.point(event));
    this.box.addEventListener('pointerdown', (event) => this.point(event));
    this.box.addEventListener('pointerleave', () => { this.pointed = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  show(s) {
    this.now = s.now_ms;
    this.points = s.points.filter((p) => p.at_ms >= s.now_ms - HOUR_MS && p[this.field] !== null);
    this.draw();
  }

  point(event) {
    const box = this.box.getBoundingClientRect();
    this.pointed = this.time(event.clientX - box.left);
    this.draw();
  }

  x(ms) { return this.left + (1 - (this.now - ms) / HOUR_MS) * this.width; }
  y(value) { return this.top + (1 - value / this.max) * this.height; }
  time(x) { return this.now - (1 - (x - this.left) / this.width) * HOUR_MS; }

  measure() {
    const highest = this.points.reduce((max, p) => Math.max(max, p[this.field]), 0);
    this.max = roundUp(Math.max(highest, this.lowest));
    this.top = 8;
    this.left = 8 + 6.5 * Math.max(3, this.format(this.max).length);
    this.width = Math.max(10, this.box.clientWidth - this.left - 4);
    this.height = Math.max(10, this.box.clientHeight - this.top - 22);
  }

  /* The points in runs that have no gap. */
  runs() {
    const runs = [];
    this.points.forEach((p, i) => {
      if (i === 0 || p.at_ms - this.points[i - 1].at_ms > GAP_MS) runs.push([]);
      runs[runs.length - 1].push(p);
    });
    return runs;
  }

  /* A point that is alone becomes a dot. */
  path(run) {
    const at = (p) => this.x(p.at_ms).toFixed(1) + ' ' + this.y(p[this.field]).toFixed(1);
    return 'M' + run.map(at).join('L') + (run.length === 1 ? 'h0.1' : '');
  }

  axes() {
    const marks = [];
    const bottom = this.top + this.height;
    for (const part of [0, 0.5, 1]) {
      const y = this.y(part * this.max);
      marks.push(svg('line', { class: 'rule', x1: this.left, x2: this.left + this.width, y1: y, y2: y }),
        svg('text', { x: this.left - 6, y: y + 4, 'text-anchor': 'end' }, this.format(part * this.max)));
    }
    const ends = { 60: 'start', 30: 'middle', 0: 'end' };
    for (const ago of [60, 30, 0])
      marks.push(svg('text', { x: this.x(this.now - ago * 60000), y: bottom + 17,
        'text-anchor': ends[ago] }, ago ? clockMinute(this.now - ago * 60000) : 'now'));
    return marks;
  }

  nearest() {
    if (this.pointed === null) return null;
    return this.points.reduce((best, p) =>
      (!best || Math.abs(p.at_ms - this.pointed) < Math.abs(best.at_ms - this.pointed) ? p : best), null);
  }

  draw() {
    this.measure();
    const bottom = this.top + this.height;
    const near = this.nearest();
    const root = svg('svg', { role: 'img', 'aria-label': 'The last hour' });
    root.append(...this.axes());
    for (const run of this.runs()) {
      const line = this.path(run);
      const from = this.x(run[0].at_ms).toFixed(1);
      const to = this.x(run[run.length - 1].at_ms).toFixed(1);
      root.append(svg('path', { class: 'fill', d: line + 'L' + to + ' ' + bottom + 'L' + from + ' ' + bottom + 'Z' }),
        svg('path', { class: 'line', d: line }));
    }
    if (near)
      root.append(svg('line', { class: 'cursor', x1: this.x(near.at_ms), x2: this.x(near.at_ms), y1: this.top, y2: bottom }));
    this.box.replaceChildren(root);
    setText(this.readout, near ? clock(near.at_ms) + ' · ' + this.format(near[this.field]) + this.unit : 'last hour');
  }
}

const charts = [
  new Chart('events', 'events_per_s', '/s', rate, 1),
  new Chart('latency', 'latency_ms', '', (n) => count.format(n) + ' ms', 10),
];

/* ---- Budget -------------------------------------------------------------- */

function showBudget(s) {
  const b = s.budget;
  const used = Math.max(0, b.total - b.allowed - b.reserve);
  const parts = { used, allowed: b.allowed, reserve: b.reserve };
  for (const name in parts) {
    byId('budget').querySelector('.' + name).style.flexGrow = parts[name];
    setText(byId('budget-' + name), b.total ? count.format(parts[name]) : '–');
  }
  setText(byId('budget-at'), b.total ? count.format(b.total) + ' a day' : '');
  setText(byId('budget-note'), b.total ? sentence([
    plural(b.used_24h, 'identify').replace('identifys', 'identifies') + ' in 24 h by our own count',
    b.max_concurrency > 1 ? b.max_concurrency + ' at one time' : 'one at a time',
    b.reset_at_ms ? 'renewed in ' + span(b.reset_at_ms - s.now_ms) : '',
  ]) : 'Not known yet');
}

/* ---- Workers ------------------------------------------------------------- */

const WORKER_KINDS = {
  starting: KINDS.connecting,
  running: KINDS.ready,
  leaving: KINDS.moving,
  resting: KINDS.down,
};

function workerState(w, now) {
  const cell = make('span', 'state');
  let text = w.state;
  if (w.state === 'resting' && w.last_exit !== null) text += ' after status ' + w.last_exit;
  if (w.state === 'resting' && w.starts_at_ms) text += ', starts in ' + span(w.starts_at_ms - now);
  if (w.adopted) text += ', adopted';
  cell.append(signCell(WORKER_KINDS[w.state] || KINDS.waiting), text);
  return cell;
}

function workerRow(w, now) {
  const row = make('tr');
  const add = (content, className) => {
    const cell = make('td', className);
    cell.append(content);
    row.append(cell);
  };
  const name = make('span', '', w.worker + ' ');
  if (w.generation > 1) name.append(make('small', '', 'gen. ' + w.generation));
  add(name);
  add(workerState(w, now));
  add(w.shard_first === w.shard_last ? String(w.shard_first) : w.shard_first + '–' + w.shard_last);
  add(count.format(w.cpu_cores * 100) + ' %', 'n');
  add(w.rss_bytes ? bytes(w.rss_bytes) : '–', 'n');
  add(w.started_at_ms && w.state !== 'resting' ? span(now - w.started_at_ms) : '–', 'n wide');
  add(count.format(w.restarts), 'n');
  add(w.pid === null ? '–' : String(w.pid), 'n wide');
  return row;
}

function showWorkers(s) {
  const v = s.supervisor;
  const dropped = s.workers.reduce((sum, w) => sum + w.log_dropped_bytes, 0);
  byId('workers').replaceChildren(...s.workers.map((w) => workerRow(w, s.now_ms)));
  setText(byId('workers-note'), sentence([
    'CPU in percent of one core',
    'the supervisor uses ' + bytes(v.rss_bytes),
    dropped ? bytes(dropped) + ' of output dropped' : '',
  ]));
}

/* ---- Decisions ----------------------------------------------------------- */

let decisionsText = '';

function showDecisions(s) {
  const text = JSON.stringify(s.decisions);
  if (text === decisionsText) return;
  decisionsText = text;
  byId('decisions').replaceChildren(...(s.decisions.length ? s.decisions.map((d) => {
    const item = make('li');
    const time = make('time', '', moment(d.at_ms, s.now_ms));
    time.dateTime = new Date(d.at_ms).toISOString();
    item.append(time, make('span', '', d.text));
    return item;
  }) : [make('li', 'quiet', 'None yet')]));
}

/* ---- Asking -------------------------------------------------------------- */

let last = null; /* the status shown */
let timer = 0;
let asking = false;

function show(s) {
  last = s;
  showHead(s);
  showTiles(s);
  showShards(s);
  charts.forEach((chart) => chart.show(s));
  showBudget(s);
  showWorkers(s);
  showDecisions(s);
  setText(byId('asked'), 'as of ' + clock(s.now_ms));
}

function showAway(why) {
  byId('away').hidden = !why;
  document.body.classList.toggle('stale', Boolean(why));
  setText(byId('away'), why ? why + (last ? ' What you see is from ' + clock(last.now_ms) + '.' : '') : '');
}

/* The status, or why there is none. */
async function ask() {
  let answer;
  try {
    answer = await fetch('/api/status', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return { status: await answer.json() };
  } catch (error) {
    return { why: 'The supervisor doesn\'t answer; shards live on in their workers.' };
  }
  if (answer.status === 401)
    return { why: 'This browser doesn\'t have the secret any more: open /?secret=… once again.' };
  return { why: 'The supervisor answers with ' + answer.status + '.' };
}

/* One question at a time, and none while nobody looks. */
async function poll() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  const got = await ask();
  asking = false;
  timer = setTimeout(poll, POLL_MS);
  if (got.status) show(got.status);
  showAway(got.why);
}

for (const name of ['focusin', 'pointerover', 'click']) byId('grid').addEventListener(name, onShard);
byId('grid').addEventListener('keydown', onGridKey);
document.addEventListener('visibilitychange', poll);
poll();
