// What the tests ask of the simulator that started them (`cordage sim -- node …`).
const origin = new URL(process.env.CORDAGE_API).origin;

async function call(path, body) {
  const answer = await fetch(origin + path, body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

export const api = `${origin}/api`;
export const token = process.env.DISCORD_TOKEN;
export const report = () => call('/_sim/report');
export const fault = (body) => call('/_sim/fault', body);
export const life = (body) => call('/_sim/life', body);
export const world = (guild) => call(`/_sim/world${guild ? `?guild=${guild}` : ''}`);
export const say = (body) => call('/_sim/message', body);
export const interact = (body) => call('/_sim/interaction', body);
export const interaction = (id) => call(`/_sim/interaction?id=${id}`);

// Resolves when `ready()` is true, asked after each `event` of `emitter` and at once.
export function until(emitter, event, ready, what) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`waited 60 s for ${what}`)), 60_000);
    const look = () => {
      if (!ready()) return;
      clearTimeout(limit);
      emitter.off(event, look);
      resolve();
    };
    emitter.on(event, look);
    look();
  });
}
