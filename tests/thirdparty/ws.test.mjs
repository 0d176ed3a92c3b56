// @discordjs/ws with the compression that WS_COMPRESSION names: none, zlib or zstd.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, test } from 'node:test';
import { REST } from '@discordjs/rest';
import { api, fault, report, say, token, until } from './sim.mjs';

const compression = process.env.WS_COMPRESSION ?? 'none';
// Only the coming version of the library knows zstd.
const { WebSocketManager, WebSocketShardEvents, CompressionMethod } = await import(
  compression === 'zstd' ? 'discordjs-ws-next' : '@discordjs/ws'
);
const methods = { none: null, zlib: CompressionMethod.ZlibNative, zstd: CompressionMethod.ZstdNative };
const GUILDS = 1, GUILD_MESSAGES = 1 << 9, MESSAGE_CONTENT = 1 << 15;

const seen = new EventEmitter();
const heard = [];
let guilds = 0, resumed = 0, manager;

before(async () => {
  assert.notEqual(methods[compression], undefined, `this library knows ${compression}`);
  const rest = new REST({ api }).setToken(token);
  manager = new WebSocketManager({
    token,
    intents: GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT,
    shardCount: 2,
    compression: methods[compression],
    rest,
    fetchGatewayInformation: () => rest.get('/gateway/bot'),
  });
  manager.on(WebSocketShardEvents.Dispatch, (a, b) => {
    // One version wraps the payload, the other passes it beside the shard's id.
    const payload = a.data?.t ? a.data : a;
    if (payload.t === 'GUILD_CREATE') guilds++;
    if (payload.t === 'MESSAGE_CREATE') heard.push(payload.d.content);
    seen.emit('event');
  });
  manager.on(WebSocketShardEvents.Resumed, () => {
    resumed++;
    seen.emit('event');
  });
  manager.on(WebSocketShardEvents.Error, (error) => seen.emit('error', error));
  await manager.connect();
});

after(() => manager.destroy());

test(`guilds and messages arrive (${compression})`, async () => {
  await until(seen, 'event', () => guilds === 8, 'eight guilds');
  await say({ shard: [0, 2], content: 'first' });
  await say({ shard: [1, 2], content: 'second \u{1f9f5}' });
  await until(seen, 'event', () => heard.includes('first') && heard.includes('second \u{1f9f5}'), 'two messages');
});

test('a lost connection is resumed, and what was said meanwhile arrives', async () => {
  await fault({ kind: 'reset', shard: [0, 2] });
  await say({ shard: [0, 2], content: 'meanwhile' });
  await until(seen, 'event', () => resumed === 1 && heard.includes('meanwhile'), 'the resume');
});

test('payloads that are cut over frames are put together', async () => {
  await fault({ kind: 'split', shard: 'all' });
  for (let i = 0; i < 20; i++) await say({ shard: [i % 2, 2], content: `cut ${i}` });
  await until(seen, 'event', () => heard.includes('cut 18') && heard.includes('cut 19'), 'the cut ones');
});

test('no rule was broken', async () => {
  const facts = await report();
  assert.deepEqual(facts.rules_broken, []);
  assert.equal(facts.identifies, 2);
});
