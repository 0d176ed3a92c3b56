// Three clients of others behind one face, each as its own documentation starts it:
//   guilds, heard, resumed, ready: what has come so far; `changed` emits 'event' after each.
//   commands(list): registers slash commands; answered: how many it has answered.
import { EventEmitter } from 'node:events';
import { api, token } from './sim.mjs';

const GUILDS = 1, GUILD_MESSAGES = 1 << 9, MESSAGE_CONTENT = 1 << 15;
const intents = GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT;

class Seen {
  changed = new EventEmitter();
  guilds = new Set();
  heard = [];
  ready = 0;
  resumed = 0;
  answered = 0;
  errors = [];
  note(change) {
    change();
    this.changed.emit('event');
  }
}

async function discordJs(count) {
  const { Client, Events } = await import('discord.js');
  const seen = new Seen();
  const client = new Client({
    intents,
    shardCount: count,
    shards: Array.from({ length: count }, (_, i) => i),
    rest: { api },
  });
  client.on(Events.GuildCreate, (guild) => seen.note(() => seen.guilds.add(guild.id)));
  client.on(Events.GuildAvailable, (guild) => seen.note(() => seen.guilds.add(guild.id)));
  client.on(Events.MessageCreate, (message) => seen.note(() => seen.heard.push(message.content)));
  client.on(Events.ShardReady, () => seen.note(() => seen.ready++));
  client.on(Events.ShardResume, () => seen.note(() => seen.resumed++));
  client.on(Events.Error, (error) => seen.note(() => seen.errors.push(error)));
  client.on(Events.ShardError, () => {}); // a lost connection is one
  client.on(Events.InteractionCreate, async (interaction) => {
    if (!interaction.isChatInputCommand()) return;
    await interaction.reply(`Pong, ${interaction.user.username}!`);
    await interaction.followUp('and again');
    seen.note(() => seen.answered++);
  });
  const up = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(token);
  await up;
  for (const id of client.guilds.cache.keys()) seen.guilds.add(id);
  seen.commands = (list) => client.application.commands.set(list);
  seen.close = () => client.destroy();
  return seen;
}

async function discordjsWs(count) {
  const { WebSocketManager, WebSocketShardEvents } = await import('@discordjs/ws');
  const { REST } = await import('@discordjs/rest');
  const seen = new Seen();
  const rest = new REST({ api }).setToken(token);
  // Its own keeping of sessions is one for all managers of a process.
  const sessions = new Map();
  const manager = new WebSocketManager({
    token,
    intents,
    shardCount: count,
    rest,
    retrieveSessionInfo: (shard) => sessions.get(shard) ?? null,
    updateSessionInfo: (shard, session) => sessions.set(shard, session),
    fetchGatewayInformation: () => rest.get('/gateway/bot'),
  });
  let application;
  const on = {
    READY: (d) => {
      application = d.application.id;
      seen.ready++;
    },
    RESUMED: () => seen.resumed++,
    GUILD_CREATE: (d) => seen.guilds.add(d.id),
    MESSAGE_CREATE: (d) => seen.heard.push(d.content),
    INTERACTION_CREATE: async (d) => {
      const body = { type: 4, data: { content: `Pong, ${d.member.user.username}!` } };
      await rest.post(`/interactions/${d.id}/${d.token}/callback`, { body, auth: false });
      await rest.post(`/webhooks/${application}/${d.token}`, {
        body: { content: 'and again' },
        auth: false,
      });
      seen.note(() => seen.answered++);
    },
  };
  manager.on(WebSocketShardEvents.Dispatch, (payload) =>
    seen.note(() => on[payload.t]?.(payload.d)),
  );
  manager.on(WebSocketShardEvents.Error, () => {}); // a lost connection is one
  await manager.connect();
  seen.commands = (body) => rest.put(`/applications/${application}/commands`, { body });
  seen.close = () => manager.destroy();
  return seen;
}

async function discordeno(count) {
  const { createBot, createRestManager, LogDepth } = await import('@discordeno/bot');
  const seen = new Seen();
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} };
  // It sends rate-limited requests itself, but knows no other Discord than a proxy.
  const rest = { proxy: { baseUrl: api, authorization: `Bot ${token}` } };
  const connection = await createRestManager({ token, ...rest, logger: quiet }).getGatewayBot();
  const bot = createBot({
    token,
    intents,
    rest,
    gateway: { totalShards: count, lastShardId: count - 1, connection },
    loggerFactory: () => quiet,
    desiredProperties: {
      message: { content: true },
      guild: { id: true },
      interaction: { id: true, token: true, user: true, type: true },
      user: { username: true },
    },
    events: {
      ready: () => seen.note(() => seen.ready++),
      guildCreate: (guild) => seen.note(() => seen.guilds.add(String(guild.id))),
      messageCreate: (message) => seen.note(() => seen.heard.push(message.content)),
      interactionCreate: async (interaction) => {
        await bot.rest.sendInteractionResponse(interaction.id, interaction.token, {
          type: 4,
          data: { content: `Pong, ${interaction.user.username}!` },
        });
        await bot.rest.sendFollowupMessage(interaction.token, { content: 'and again' });
        seen.note(() => seen.answered++);
      },
    },
  });
  // Of a resume its bot says nothing, its gateway does.
  const resumed = bot.gateway.events.resumed;
  bot.gateway.events.resumed = (shard) => {
    resumed?.(shard);
    seen.note(() => seen.resumed++);
  };
  await bot.start();
  seen.commands = (list) => bot.rest.upsertGlobalApplicationCommands(list);
  seen.close = () => bot.shutdown();
  return seen;
}

export const clients = { 'discord.js': discordJs, '@discordjs/ws': discordjsWs, discordeno };
