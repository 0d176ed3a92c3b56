/* The simulator's control page: asks for the report each second and shows it, and posts what
 * the buttons say. Whatever it is told goes onto the page as text. */
'use strict';

const POLL_MS = 1000;
const SLOW_MS = 3000;      /* guilds, budget, commands */
const PATIENCE_MS = 5000;
const POINTS = 120;        /* of the chart: two minutes */
const SESSIONS_SHOWN = 256;
const RULES_SHOWN = 100;
const NAMES_SHOWN = 200;   /* of channels and users to choose from */
const ANSWER_TRIES = 40;   /* looks at what became of a command */

const byId = (id) => document.getElementById(id);
const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const rate = (n) => (n < 10 ? decimal : count).format(n);
const plural = (n, one) => count.format(n) + ' ' + one + (n === 1 ? '' : 's');

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

function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  return Math.floor(s / 3600) + ' h ' + Math.floor(s / 60) % 60 + ' min';
}

const clock = (time) => new Date(time).toLocaleTimeString('en-GB');

/* A line below a form: what came of it, or what is wrong. */
function say(id, text, wrong) {
  const line = byId(id);
  line.className = wrong ? 'said wrong' : 'said';
  setText(line, text);
}

/* ---- Asking -------------------------------------------------------------- */

async function ask(path, body) {
  const options = { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' };
  if (body) {
    options.method = 'POST';
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw new Error(answer.status + ': no JSON came');
  }
  if (!answer.ok) throw new Error(value && value.message || 'HTTP ' + answer.status);
  return value;
}

/* Does it, and says in the line `id` what came of it, or why not. */
async function act(id, path, body, words) {
  try {
    const value = await ask(path, body);
    say(id, words(value), false);
    return value;
  } catch (error) {
    say(id, error.message, true);
    return undefined;
  }
}

/* ---- The head ------------------------------------------------------------ */

function showHead(r) {
  const live = r.session_list.filter((s) => s.state !== 'lost').length;
  const broken = r.n_rules_broken;
  const text = (r.sessions ? plural(live, 'session') + ' connected' : 'No bot has identified yet') +
    (broken ? ', ' + plural(broken, 'rule') + ' broken' : '');
  setText(byId('sentence'), text);
  byId('lamp').className = 'lamp ' + (broken ? 'bad' : live ? 'ready' : '');
  document.title = plural(live, 'session') + (broken ? ' · ' + broken + ' broken' : '') + ' · Cordage simulator';
  setText(byId('sessions-n'), count.format(live));
  setText(byId('sessions-note'), r.sessions > live ? count.format(r.sessions - live) + ' lost' :
    count.format(r.ready) + ' identified, ' + count.format(r.resumed) + ' resumed');
  setText(byId('rate-note'), count.format(r.dispatched) + ' in all');
}

function showBudget(c) {
  const out = c.n_unavailable;
  const bot = c.bots[0];
  setText(byId('guilds-n'), count.format(c.n_guilds));
  setText(byId('guilds-note'), out ? plural(out, 'outage') : 'all available');
  if (!bot) return;
  setText(byId('budget'), c.bots.map((b) => count.format(b.remaining)).join(', '));
  setText(byId('budget-note'), 'of ' + count.format(bot.total) +
    (bot.reset_after_ms ? ', all again in ' + span(bot.reset_after_ms) : ''));
}

/* ---- Events a second ----------------------------------------------------- */

const points = [];
let before = null; /* the last count and when it came */

function notePoint(r) {
  const now = { n: r.dispatched, at: r.uptime_ms };
  if (before && now.at > before.at && now.n >= before.n) {
    const value = (now.n - before.n) * 1000 / (now.at - before.at);
    points.push(value);
    if (points.length > POINTS) points.shift();
    setText(byId('rate'), rate(value));
  }
  if (before && now.at < before.at) points.length = 0; /* another simulator */
  before = now;
}

function svg(name, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/* The next of 1, 2, 5, 10, 20... */
function roundUp(n) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return [1, 2, 5, 10].map((k) => k * ten).find((k) => k >= n);
}

function drawChart() {
  const box = byId('chart');
  const width = Math.max(200, box.clientWidth), height = 190, left = 40, bottom = 22, above = 8;
  const top = roundUp(Math.max(...points, 1));
  const x = (i) => left + (width - left) * (i + POINTS - points.length) / (POINTS - 1);
  const y = (v) => above + (height - above - bottom) * (1 - v / top);
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': points.length ? 'Now ' + rate(points[points.length - 1]) + ' events per second, at most ' +
      rate(Math.max(...points)) + ' in the last two minutes' : 'Nothing was counted yet' });
  for (const value of [0, top / 2, top]) {
    picture.append(svg('line', { class: 'rule', x1: left, x2: width, y1: y(value), y2: y(value) }));
    picture.append(svg('text', { x: left - 7, y: y(value) + 4, 'text-anchor': 'end' }, rate(value)));
  }
  picture.append(svg('text', { x: left, y: height - 4 }, '2 min ago'));
  picture.append(svg('text', { x: width, y: height - 4, 'text-anchor': 'end' }, 'now'));
  if (points.length > 1) {
    const line = points.map((v, i) => x(i).toFixed(1) + ',' + y(v).toFixed(1)).join(' ');
    picture.append(svg('polygon', { class: 'fill', points: `${x(0)},${y(0)} ${line} ${width},${y(0)}` }));
    picture.append(svg('polyline', { class: 'line', points: line }));
  }
  box.replaceChildren(picture);
}

/* ---- Rules --------------------------------------------------------------- */

let rulesShown = '';

function showRules(r) {
  const list = byId('rules');
  const newest = r.rules_broken.slice(-RULES_SHOWN).reverse();
  const mark = r.n_rules_broken + ' ' + r.rules_broken.length;
  setText(byId('rules-at'), r.n_rules_broken ? count.format(r.n_rules_broken) + ' in all' : '');
  if (mark === rulesShown) return;
  rulesShown = mark;
  if (!newest.length) {
    list.replaceChildren(make('li', 'none', 'None. Every client did as it should.'));
    return;
  }
  list.replaceChildren(...newest.map((rule) => {
    const item = make('li');
    item.append(make('span', 'what', rule.text), make('span', 'where',
      [clock(rule.time), rule.shard ? 'shard ' + rule.shard.join('/') : 'REST', rule.detail, rule.rule]
        .filter(Boolean).join(' · ')));
    return item;
  }));
}

/* ---- Sessions ------------------------------------------------------------ */

const INTENTS = ['guilds', 'members', 'moderation', 'expressions', 'integrations', 'webhooks', 'invites',
  'voice states', 'presences', 'messages', 'reactions', 'typing', 'direct messages', 'direct reactions',
  'direct typing', 'message content', 'scheduled events', null, null, null, 'automod rules',
  'automod execution', null, null, 'polls', 'direct polls'];
const TONES = { live: 'ready', loading: 'busy', behind: 'warn', lost: 'bad' };

const intentNames = (bits) => INTENTS.filter((name, i) => name && bits & (1 << i));

const rows = new Map(); /* by session id: its row */

function makeRow() {
  const row = make('tr');
  for (const name of ['', '', 'n', 'n', 'n wide', 'wide', 'wide words', 'wide bots'])
    row.append(make('td', name));
  row.children[1].append(make('span'));
  return row;
}

function botName(id) {
  const bot = bots.find((b) => b.id === id);
  return bot ? bot.name : id || '';
}

function fillRow(row, s) {
  const [shard, state, seq, sent, guilds, intents, presence, bot] = row.children;
  const names = intentNames(s.intents);
  const words = [s.presence.status, s.presence.activity].filter(Boolean).join(', ');
  setText(shard, s.shard.join('/'));
  state.firstChild.className = 'tag ' + (TONES[s.state] || '');
  setText(state.firstChild, s.state);
  setText(seq, count.format(s.seq));
  setText(sent, count.format(s.sent));
  setText(guilds, count.format(s.guilds));
  setText(intents, plural(names.length, 'intent'));
  intents.title = names.join(', ');
  setText(presence, words || '–');
  presence.title = words;
  setText(bot, botName(s.bot || s.bot_id));
}

function showSessions(r) {
  const list = [...r.session_list].sort((a, b) => a.shard[1] - b.shard[1] || a.shard[0] - b.shard[0])
    .slice(0, SESSIONS_SHOWN);
  const body = byId('sessions');
  for (const [id, row] of rows)
    if (!list.some((s) => s.session_id === id)) {
      row.remove();
      rows.delete(id);
    }
  list.forEach((s, i) => {
    if (!rows.has(s.session_id)) rows.set(s.session_id, makeRow());
    const row = rows.get(s.session_id);
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] || null);
    fillRow(row, s);
  });
  byId('sessions-none').hidden = list.length > 0;
  body.closest('.scroll').hidden = list.length === 0;
  setText(byId('sessions-at'), r.session_list.length > list.length ?
    'the first ' + list.length + ' of ' + count.format(r.session_list.length) : '');
  showShardChoice(list);
}

/* ---- Choices ------------------------------------------------------------- */

/* Options as [value, text]; what is chosen stays chosen if it is still there. */
function setOptions(select, options) {
  const mark = JSON.stringify(options);
  const chosen = select.value;
  if (select.dataset.mark === mark) return;
  select.dataset.mark = mark;
  select.replaceChildren(...options.map(([value, text]) => {
    const option = make('option', '', text);
    option.value = value;
    return option;
  }));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

function showShardChoice(list) {
  const shards = [...new Set(list.map((s) => s.shard.join('/')))];
  setOptions(byId('fault-shard'), [['all', 'all shards'],
    ...shards.map((shard) => [shard, 'shard ' + shard])]);
}

let bots = [];

function showBots(c) {
  bots = c.bots;
  document.body.classList.toggle('one-bot', bots.length < 2);
  setOptions(byId('fault-bot'), [['', 'any bot'], ...bots.map((b) => [b.id, b.name])]);
}

/* ---- Faults -------------------------------------------------------------- */

let faultsShown = '';

function makeField(field) {
  const label = make('label', '', field.name.replaceAll('_', ' ') + ' ');
  let input;
  if (field.type === 'choice' || field.type === 'bot') {
    input = make('select');
    setOptions(input, field.type === 'bot' ? [['', 'first'], ...bots.map((b) => [b.id, b.name])] :
      field.choices.map((name) => [name, name]));
  } else {
    input = make('input');
    input.type = field.type === 'bool' ? 'checkbox' : 'number';
    input.checked = field.default === true;
  }
  if (field.type === 'number') {
    input.min = field.min;
    input.max = field.max;
    input.placeholder = field.default === undefined ? '–' : field.default;
  }
  input.dataset.field = field.name;
  input.dataset.type = field.type;
  if (field.type === 'bot') label.className = 'bots';
  label.append(input);
  return label;
}

/* What the fields of a fault say; those left empty are the server's to choose. */
function readFields(item, body) {
  for (const input of item.querySelectorAll('[data-field]')) {
    const { field, type } = input.dataset;
    if (type === 'bool') body[field] = input.checked;
    else if (input.value !== '') body[field] = type === 'number' ? Number(input.value) : input.value;
  }
}

async function inflict(fault, item) {
  const body = { kind: fault.kind };
  const shard = byId('fault-shard').value;
  if (fault.connection) {
    body.shard = shard === 'all' ? 'all' : shard.split('/').map(Number);
    if (byId('fault-bot').value) body.bot = byId('fault-bot').value;
  }
  readFields(item, body);
  await act('fault-said', '/_sim/fault', body, (value) => fault.kind + ': done' +
    (fault.connection ? ', it met ' + plural(value.connections, 'connection') : ''));
  poll();
}

function makeFault(fault) {
  const item = make('li');
  const button = make('button', '', fault.kind.replaceAll('_', ' '));
  const fields = make('div');
  button.dataset.kind = fault.kind;
  button.type = 'button';
  button.addEventListener('click', () => inflict(fault, item));
  fields.append(...fault.fields.map(makeField));
  item.append(button, fields);
  return item;
}

function showFaults(c) {
  const mark = JSON.stringify([c.faults, c.bots.map((b) => b.id)]);
  if (mark === faultsShown) return;
  faultsShown = mark;
  byId('faults').replaceChildren(...c.faults.filter((f) => f.connection).map(makeFault));
  byId('faults-sim').replaceChildren(...c.faults.filter((f) => !f.connection).map(makeFault));
}

/* ---- As a user ----------------------------------------------------------- */

const TEXT_CHANNELS = [0, 2, 5, 13];
let guildRead = ''; /* whose channels and users are shown */

async function readGuild() {
  const id = byId('guild').value;
  if (!id || id === guildRead) return;
  guildRead = id;
  try {
    const g = await ask('/_sim/world?guild=' + id);
    if (byId('guild').value !== id) return;
    setOptions(byId('channel'), g.channels.filter((c) => TEXT_CHANNELS.includes(c.type))
      .slice(0, NAMES_SHOWN).map((c) => [c.id, '#' + c.name]));
    setOptions(byId('author'), g.members.filter((m) => !m.user.bot).slice(0, NAMES_SHOWN)
      .map((m) => [m.user.id, m.nick || m.user.global_name || m.user.username]));
  } catch (error) {
    guildRead = '';
    say('user-said', error.message, true);
  }
}

function place() {
  return { guild_id: byId('guild').value, channel_id: byId('channel').value };
}

async function sendMessage(event) {
  event.preventDefault();
  await act('user-said', '/_sim/message', { ...place(), author_id: byId('author').value,
    content: byId('content').value }, (value) => 'Sent: message ' + value.id);
}

/* "a=1, b=two" */
function readOptions(text) {
  const options = {};
  for (const pair of text.split(',').map((p) => p.trim()).filter(Boolean)) {
    const at = pair.indexOf('=');
    if (at < 1) throw new Error('Options are name=value, separated by commas: not "' + pair + '".');
    const value = pair.slice(at + 1).trim();
    options[pair.slice(0, at).trim()] = /^(true|false|-?\d{1,15}(\.\d+)?)$/.test(value) ?
      JSON.parse(value) : value;
  }
  return options;
}

/* What the bot answers, once it has. */
async function followAnswer(id, name) {
  for (let i = 0; i < ANSWER_TRIES; i++) {
    await new Promise((done) => { setTimeout(done, 250); });
    const value = await ask('/_sim/interaction?id=' + id);
    const message = value.message || value.data;
    say('user-said', '/' + name + ': ' + value.state +
      (value.answered_after_ms === undefined ? '' : ' after ' + value.answered_after_ms + ' ms') +
      (message && message.content ? ': ' + message.content : ''), value.state === 'failed');
    if (value.state === 'answered' || value.state === 'failed') return;
  }
}

async function runCommand(event) {
  event.preventDefault();
  const name = byId('command').value.trim().replace(/^\//, '');
  const body = { ...place(), user_id: byId('author').value, command: name };
  try {
    const options = readOptions(byId('options').value);
    if (Object.keys(options).length) body.options = options;
  } catch (error) {
    say('user-said', error.message, true);
    return;
  }
  const made = await act('user-said', '/_sim/interaction', body, () => '/' + name + ': waiting');
  if (!made) return;
  try {
    await followAnswer(made.id, name);
  } catch (error) {
    say('user-said', error.message, true);
  }
}

function showCommands(c) {
  setOptions(byId('commands'), [...new Set(c.commands.filter((x) => x.type === 1).map((x) => x.name))]
    .map((name) => [name, name]));
}

/* ---- World --------------------------------------------------------------- */

/* A slider from 0 to 100 means 0, then 0.1 to `most`, each step as much more than the last. */
function slider(name, path, most, words) {
  const range = byId(name + '-slider'), number = byId(name + '-number');
  const toRate = (p) => (p <= 0 ? 0 : Number((0.1 * (most / 0.1) ** ((p - 1) / 99)).toPrecision(2)));
  const toPlace = (v) => (v <= 0 ? 0 : Math.round(1 + 99 * Math.log(Math.max(v, 0.1) / 0.1) / Math.log(most / 0.1)));
  const set = () => act('world-said', path, { per_second: Number(number.value) },
    () => words + ': ' + rate(Number(number.value)) + ' per second');
  range.addEventListener('input', () => { number.value = toRate(Number(range.value)); });
  range.addEventListener('change', set);
  number.addEventListener('change', () => {
    range.value = toPlace(Number(number.value));
    set();
  });
  byId(name).addEventListener('submit', (event) => event.preventDefault());
  return (value) => {
    if (document.activeElement === range || document.activeElement === number) return;
    number.value = value;
    range.value = toPlace(value);
  };
}

const showTraffic = slider('traffic', '/_sim/traffic', 10000, 'Messages');
const showLife = slider('life', '/_sim/life', 1000, 'Changes');

const FATES = [
  ['outage', 'Outage', (g) => !g.unavailable && !g.gone],
  ['back', 'Back', (g) => g.unavailable],
  ['kicked', 'Kick', (g) => !g.gone],
  ['added', 'Add', (g) => g.gone],
];
const guildRows = new Map();

function makeGuildRow(id) {
  const row = make('tr');
  for (const name of ['words', 'wide', 'n wide', '', '']) row.append(make('td', name));
  row.children[3].append(make('span'));
  row.children[4].append(make('div'));
  for (const [fate, word] of FATES) {
    const button = make('button', '', word);
    button.type = 'button';
    button.dataset.fate = fate;
    button.addEventListener('click', async () => {
      await act('guild-said', '/_sim/guild', { guild_id: id, happens: fate },
        () => row.children[0].textContent + ': ' + fate);
      pollSlow();
    });
    row.children[4].firstChild.append(button);
  }
  return row;
}

function fillGuildRow(row, g) {
  const [name, id, members, state, buttons] = row.children;
  setText(name, g.name);
  setText(id, g.id);
  setText(members, count.format(g.members));
  state.firstChild.className = 'tag ' + (g.gone ? '' : g.unavailable ? 'bad' : 'ready');
  setText(state.firstChild, g.gone ? 'not in it' : g.unavailable ? 'outage' : 'available');
  FATES.forEach(([, word, may], i) => {
    const button = buttons.firstChild.children[i];
    button.hidden = !may(g);
    button.setAttribute('aria-label', word + ': ' + g.name);
  });
}

function showGuilds(c) {
  const body = byId('guilds');
  c.guilds.forEach((g, i) => {
    if (!guildRows.has(g.id)) guildRows.set(g.id, makeGuildRow(g.id));
    const row = guildRows.get(g.id);
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] || null);
    fillGuildRow(row, g);
  });
  for (const [id, row] of guildRows)
    if (!c.guilds.some((g) => g.id === id)) {
      row.remove();
      guildRows.delete(id);
    }
  setText(byId('guilds-at'), c.n_guilds > c.guilds.length ?
    'the first ' + c.guilds.length + ' of ' + count.format(c.n_guilds) : '');
  setOptions(byId('guild'), c.guilds.filter((g) => !g.gone).map((g) => [g.id, g.name]));
  readGuild();
}

/* ---- Time ---------------------------------------------------------------- */

function isAway(why) {
  document.body.classList.add('stale');
  byId('away').hidden = false;
  setText(byId('away'), 'The simulator does not answer (' + why + '). What is below is from before.');
}

function isHere() {
  document.body.classList.remove('stale');
  byId('away').hidden = true;
  setText(byId('asked'), 'as of ' + clock(Date.now()));
}

let polling = false, pollingSlow = false;
let identified = 0; /* the budget changes with it */

/* One at a time: a simulator that is slow is not asked more often. */
async function poll() {
  if (polling) return;
  polling = true;
  try {
    const r = await ask('/_sim/report');
    notePoint(r);
    showHead(r);
    showRules(r);
    showSessions(r);
    drawChart();
    isHere();
    if (r.ready !== identified) pollSlow();
    identified = r.ready;
  } catch (error) {
    isAway(error.message);
  } finally {
    polling = false;
  }
}

async function pollSlow() {
  if (pollingSlow) return;
  pollingSlow = true;
  try {
    const c = await ask('/_sim/controls');
    showBots(c);
    showBudget(c);
    showFaults(c);
    showCommands(c);
    showTraffic(c.traffic_per_s);
    showLife(c.life_per_s);
    showGuilds(c);
  } catch (error) {
    isAway(error.message);
  } finally {
    pollingSlow = false;
  }
}

byId('guild').addEventListener('change', readGuild);
byId('say').addEventListener('submit', sendMessage);
byId('run').addEventListener('submit', runCommand);
window.addEventListener('resize', drawChart);
pollSlow();
poll();
setInterval(() => { if (!document.hidden) poll(); }, POLL_MS);
setInterval(() => { if (!document.hidden) pollSlow(); }, SLOW_MS);
