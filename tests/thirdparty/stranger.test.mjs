// Does what docs/simulator.md says, as somebody would who has never seen it: its files, its
// commands, in its order, with `cordage` and `node` on the PATH and a home of its own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';

const here = import.meta.dirname;
const program = resolve(process.env.CORDAGE_PROGRAM);
const page = readFileSync(join(here, '../../docs/simulator.md'), 'utf8');
const boxes = [...page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(
  ([, language, file, text]) => ({ language, file, text }),
);
const home = mkdtempSync(join(tmpdir(), 'cordage-stranger-'));
const env = {
  PATH: `${dirname(program)}:${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: home,
  LANG: 'C.UTF-8',
};

for (const { file, text } of boxes) if (file) writeFileSync(join(home, file), text);
symlinkSync(join(here, 'node_modules'), join(home, 'node_modules'));

const running = new Set();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

// A shell's box with this in it.
function box(part) {
  const found = boxes.filter(({ language, text }) => language === 'sh' && text.includes(part));
  assert.equal(found.length, 1, `one box has ${part}`);
  return found[0].text;
}

// Starts a box and reads what it says; `said(text)` waits for it.
function start(commands) {
  const child = spawn('sh', ['-c', `exec ${commands}`], { cwd: home, env });
  const waiting = new Set();
  let all = '';
  const look = (chunk) => {
    all += chunk;
    for (const check of waiting) check();
  };
  running.add(child);
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  child.ended = new Promise((done) => child.on('close', (code) => (running.delete(child), done(code))));
  child.said = (text) =>
    new Promise((done, fail) => {
      const limit = setTimeout(() => fail(new Error(`waited 60 s for "${text}":\n${all}`)), 60_000);
      child.ended.then(() => {
        clearTimeout(limit);
        if (!all.includes(text)) fail(new Error(`ended without "${text}":\n${all}`));
      });
      const check = () => {
        if (!all.includes(text)) return;
        clearTimeout(limit);
        waiting.delete(check);
        done();
      };
      waiting.add(check);
      check();
    });
  return child;
}

// The other terminal: runs boxes in one shell, each ended by a line of our own.
function shell(...commands) {
  const result = spawnSync('sh', ['-ec', commands.join('\n')], { cwd: home, env, encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

const sim = box('sim() {').split('\n')[0];
const ask = (path) => JSON.parse(shell(sim, `sim '${path}'`));

// Asks until it is so: what the bot does comes back by its own way.
async function comes(what, look) {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited 30 s for ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function live(context, command) {
  const bot = start(command);
  context.after(() => bot.kill('SIGTERM'));
  await bot.said('is in 8 guilds');
  const answers = shell(box('sim() {')).match(/\{[^{}]*\}/g).map((text) => JSON.parse(text));
  await comes('the answer', () => ask(`interaction?id=${answers[1].id}`).state === 'answered');
  const wrong = spawnSync('sh', ['-c', `${sim}\nsim message -d '{"shard": 0}'`],
    { cwd: home, env, encoding: 'utf8' });
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stdout, /is \[id, count\]/);
  await comes('talk', () => ask('report').messages_created > 10);
  shell(sim, box('"kind": "reset"'));
  await bot.said('shard 0 has resumed');
  shell(sim, box('guild=$(sim'));
  assert.deepEqual(JSON.parse(shell(sim, box('sim report'))).rules_broken, []);
  bot.kill('SIGTERM');
  await bot.said('no rule was broken');
  await bot.ended;
}

const python = spawnSync('/usr/bin/python3', ['-c', 'import discord'], { env });
test('the bot in Python', { skip: python.status !== 0 && 'python3-discord is not there' }, (context) =>
  live(context, box('--guilds 8 -- python3')),
);
test('the bot in JavaScript', (context) => live(context, box('--guilds 8 -- node')));
test('a large one', { skip: python.status !== 0 && 'python3-discord is not there' }, async (context) => {
  const bot = start(box('--guilds 5000'));
  context.after(() => bot.kill('SIGTERM'));
  await bot.said('is in 5000 guilds');
  assert.equal(ask('report').sessions, 5);
  bot.kill('SIGTERM');
  await bot.ended;
});
