// discord.js with every intent in a world that changes: its cache against the simulator's truth.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { api, life, report, token, until, world } from './sim.mjs';

let client;
const CHANGES = 1500;

before(async () => {
  client = new Client({
    intents: Object.values(GatewayIntentBits).filter((bit) => typeof bit === 'number'),
    shards: [0, 1],
    shardCount: 2,
    rest: { api },
  });
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(token);
  await ready;
});

after(() => client.destroy());

const ids = (objects) => objects.map((object) => object.id).sort();
const cached = (objects) => [...objects.keys()].sort();

function compare(guild, truth) {
  assert.equal(guild.name, truth.name);
  // Not memberCount: a GUILD_MEMBER_ADD that comes again for a member counts twice there.
  // Threads are channels to this library.
  const channels = guild.channels.cache.filter((channel) => !channel.isThread());
  assert.deepEqual(cached(channels), ids(truth.channels));
  for (const channel of truth.channels) assert.equal(channels.get(channel.id).name, channel.name);
  assert.deepEqual(cached(guild.roles.cache), ids(truth.roles));
  for (const role of truth.roles)
    assert.equal(guild.roles.cache.get(role.id).permissions.bitfield, BigInt(role.permissions));
  assert.deepEqual(cached(guild.emojis.cache), ids(truth.emojis));
  assert.deepEqual(cached(guild.stickers.cache), ids(truth.stickers));
  assert.deepEqual(cached(guild.stageInstances.cache), ids(truth.stage_instances));
  for (const member of truth.members) {
    const known = guild.members.cache.get(member.user.id);
    assert.ok(known, `member ${member.user.id}`);
    assert.equal(known.nickname, member.nick ?? null);
    assert.equal(known.user.username, member.user.username);
  }
  assert.equal(guild.members.cache.size, truth.members.length);
  const voice = truth.voice_states.map((state) => `${state.user_id} ${state.channel_id}`).sort();
  const heard = guild.voiceStates.cache
    .filter((state) => state.channelId)
    .map((state) => `${state.id} ${state.channelId}`)
    .sort();
  assert.deepEqual(heard, voice);
}

test('what it knows after many changes is the truth', async () => {
  await life({ per_second: 300, total: CHANGES });
  const idle = setInterval(() => client.emit('look'), 100);
  let done = false;
  const asking = setInterval(async () => (done = (await report()).changes >= CHANGES - 100), 500);
  await until(client, 'look', () => done, 'the changes');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  clearInterval(idle);
  clearInterval(asking);
  let compared = 0;
  for (const { id, unavailable } of (await world()).guilds) {
    const guild = client.guilds.cache.get(id);
    assert.ok(guild);
    if (unavailable) continue;
    compare(guild, await world(id));
    compared++;
  }
  assert.ok(compared >= 4);
});

test('no rule was broken', async () => {
  assert.deepEqual((await report()).rules_broken, []);
});
