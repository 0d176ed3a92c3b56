// An ordinary discord.js bot, as the guide has it: as many shards as Discord recommends, in one
// process. It logs what was said, so that a scenario can tell what it lost.
//
//     build/cordage sim --scenario discord-outage -- node tests/thirdparty/scenario-bot.mjs
import { Client, Events, GatewayIntentBits } from 'discord.js';

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.MessageContent,
  ],
  shards: 'auto',
  rest: { api: process.env.CORDAGE_API.replace(/\/v10$/, '') },
});

client.on(Events.ShardReady, (shard) => console.log(`shard ${shard} ready`));
client.on(Events.ShardResume, (shard, replayed) => console.log(`shard ${shard} resumed, ${replayed} replayed`));
client.on(Events.ShardDisconnect, (close, shard) => console.log(`shard ${shard} disconnected: ${close.code}`));
client.on(Events.ShardReconnecting, (shard) => console.log(`shard ${shard} reconnects`));
client.on(Events.ShardError, (error, shard) => console.log(`shard ${shard}: ${error.message}`));
client.on(Events.Error, (error) => console.log(`error: ${error.message}`));
client.on(Events.Invalidated, () => {
  console.log('the session is invalidated');
  process.exit(1);
});

client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  console.log(`guild=${message.guildId} n=${message.nonce}`);
  if (message.content === '!ping') await message.reply('Pong!').catch((error) => console.log(`reply: ${error.message}`));
});

process.on('SIGTERM', async () => {
  await client.destroy();
  process.exit(0);
});

await client.login(process.env.DISCORD_TOKEN);
