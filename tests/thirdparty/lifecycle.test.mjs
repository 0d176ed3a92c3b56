// A whole life of the client that CLIENT names: all guilds, two shard counts at once, every
// way to lose a connection, a slash command, the end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clients } from './clients.mjs';
import { fault, interact, interaction, report, say, until, world } from './sim.mjs';

const name = process.env.CLIENT;
const GUILDS = Number(process.env.GUILDS ?? 1000);
const KEY_MS = 5_100; // an identify key is free again; nobody tells one client of another

// Which codes a client resumes after, and which cost it an IDENTIFY though Discord would let
// it resume (docs/simulator.md has the rule).
const wasted = {
  'discord.js': [4005, 4008],
  '@discordjs/ws': [4005, 4008],
  discordeno: [4009],
}[name];
// Rules that it breaks, every time: likewise.
const theirs = { discordeno: ['IDENTIFY_ON_RESUME_URL'] }[name] ?? [];
const RESUMABLE = [4000, 4001, 4002, 4005, 4008, 4009];
const FRESH = [4007];

let two, three;

before(async () => {
  two = await clients[name](2);
});
after(async () => {
  await three?.close();
  await two?.close();
});

const came = (client, what, ready) => until(client.changed, 'event', ready, what);

test(`${name}: all ${GUILDS} guilds come`, async () => {
  await came(two, 'the guilds', () => two.guilds.size === GUILDS);
});

test(`${name}: with three shards beside two, both hear everything once`, async () => {
  await wait(KEY_MS);
  three = await clients[name](3);
  await came(three, 'the guilds', () => three.guilds.size === GUILDS);
  for (let i = 0; i < 6; i++) await say({ shard: [i, 6], content: `both ${i}` });
  for (const client of [two, three]) {
    const heard = () => client.heard.filter((text) => text.startsWith('both ')).sort();
    await came(client, 'six messages', () => heard().length >= 6);
    assert.deepEqual(heard(), [0, 1, 2, 3, 4, 5].map((i) => `both ${i}`));
  }
  await wait(KEY_MS);
  await three.close();
  three = null;
});

async function lose(how, title) {
  const before = { ready: two.ready, resumed: two.resumed };
  assert.equal((await fault({ ...how, shard: [1, 2] })).connections, 1);
  await say({ shard: [1, 2], content: title });
  await came(two, `life after ${title}`, () => two.ready + two.resumed > before.ready + before.resumed);
  return two.ready > before.ready ? 'identify' : 'resume';
}

// What was said meanwhile arrives where the session was kept.
async function resumes(how, title) {
  assert.equal(await lose(how, title), 'resume');
  await came(two, 'what was said meanwhile', () => two.heard.includes(title));
}

for (const code of RESUMABLE.filter((code) => !wasted.includes(code)))
  test(`${name}: resumes after ${code}`, () => resumes({ kind: 'close', code }, `after ${code}`));
test(`${name}: resumes after a reset`, () => resumes({ kind: 'reset' }, 'after a reset'));
test(`${name}: resumes after op 7`, () => resumes({ kind: 'reconnect' }, 'after op 7'));
test(`${name}: resumes after op 9 true`, () =>
  resumes({ kind: 'invalid_session', resumable: true }, 'after op 9 true'));

for (const code of [...wasted, ...FRESH])
  test(`${name}: identifies after ${code}`, async () => {
    await wait(KEY_MS);
    assert.equal(await lose({ kind: 'close', code }, `after ${code}`), 'identify');
  });
test(`${name}: identifies after op 9 false`, async () => {
  await wait(KEY_MS);
  assert.equal(await lose({ kind: 'invalid_session' }, 'after op 9 false'), 'identify');
});

test(`${name}: a user's slash command is answered`, async () => {
  await two.commands([{ name: 'ping', description: 'Answers with pong.' }]);
  const [guild] = (await world()).guilds;
  const { id } = await interact({ guild_id: guild.id, command: 'ping' });
  await came(two, 'the answer', () => two.answered === 1);
  const story = await interaction(id);
  assert.equal(story.state, 'answered');
  await came(two, 'its message', () => two.heard.some((text) => text.startsWith('Pong, ')));
  await came(two, 'its follow-up', () => two.heard.includes('and again'));
});

test(`${name}: no rule was broken`, async () => {
  assert.deepEqual(two.errors, []);
  const rules = (await report()).rules_broken.map(({ rule }) => rule);
  assert.deepEqual(new Set(rules), new Set(theirs));
});
