// discord.js: login, ready, message, reply, two shards, resume.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { api, fault, report, say, token, until } from './sim.mjs';

let client;
const pongs = new Map(); // shard -> how many of our answers came back
const resumed = [];

before(async () => {
  client = new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
    ],
    shards: [0, 1],
    shardCount: 2,
    rest: { api },
  });
  client.on(Events.MessageCreate, async (message) => {
    if (message.author.id === client.user.id && message.content === 'Pong!')
      pongs.set(message.guild.shardId, (pongs.get(message.guild.shardId) ?? 0) + 1);
    if (message.content === '!ping') await message.reply('Pong!');
  });
  client.on(Events.ShardResume, (shard) => resumed.push(shard));
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(token);
  await ready;
});

after(() => client.destroy());

const ping = (shard) => say({ shard: [shard, 2], content: '!ping' });
const answered = (shard, n) =>
  until(client, Events.MessageCreate, () => (pongs.get(shard) ?? 0) >= n, `pong ${n} of shard ${shard}`);

test('ready on both shards with every guild', async () => {
  assert.equal(client.ws.shards.size, 2);
  assert.equal(client.guilds.cache.size, 8);
  assert.deepEqual(new Set(client.guilds.cache.map((guild) => guild.shardId)), new Set([0, 1]));
  for (const guild of client.guilds.cache.values()) {
    assert.equal(guild.available, true);
    assert.ok(guild.channels.cache.size > 1);
    assert.ok(guild.members.me);
  }
});

test('!ping is answered on both shards, and the answer comes back', async () => {
  for (const shard of [0, 1]) await ping(shard);
  for (const shard of [0, 1]) await answered(shard, 1);
});

for (const how of [{ kind: 'reset' }, { kind: 'reconnect' }, { kind: 'close', code: 4000 }]) {
  test(`resumes after ${how.kind}, and answers again`, async () => {
    const before = resumed.length;
    await fault({ ...how, shard: [1, 2] });
    await until(client, Events.ShardResume, () => resumed.length > before, 'the resume');
    assert.equal(resumed.at(-1), 1);
    const had = pongs.get(1) ?? 0;
    await ping(1);
    await answered(1, had + 1);
  });
}

test('no rule was broken, and no identify was wasted', async () => {
  const facts = await report();
  assert.deepEqual(facts.rules_broken, []);
  assert.equal(facts.identifies, 2);
  assert.equal(facts.resumes, 3);
});
