#include "stream.h"

#include "deflate.h"
#include "error.h"
#include "json_write.h"
#include "rng.h"

static const char *const words[] = {
    "shard",  "the",   "guild", "of",      "message", "hello", "there",  "moderator",
    "please", "again", "music", "tonight", "who",     "plays", "server", "is",
    "down",   "up",    "nice",  "thanks",  "lol",     "what",  "time",   "tomorrow",
};

static void hex(struct json_writer *w, const char *key, struct rng *rng)
{
    char text[33];

    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)rng_next(rng),
             (unsigned long long)rng_next(rng));
    json_key(w, key);
    json_put_z(w, text);
}

static void put(struct json_writer *w, const char *key, const char *raw)
{
    json_key(w, key);
    json_put_raw(w, str_of(raw));
}

static void author(struct json_writer *w, struct rng *rng)
{
    char name[32];

    snprintf(name, sizeof name, "user_%llu", (unsigned long long)rng_below(rng, 5000));
    json_key(w, "author");
    json_open(w, '{');
    json_key(w, "username");
    json_put_z(w, name);
    put(w, "public_flags", "0");
    put(w, "primary_guild", "null");
    json_key(w, "id");
    json_put_id(w, 800000000000000000ULL + rng_below(rng, 5000) * 4194304);
    json_key(w, "global_name");
    json_put_z(w, name);
    put(w, "display_name_styles", "null");
    put(w, "discriminator", "\"0\"");
    put(w, "collectibles", "null");
    put(w, "clan", "null");
    put(w, "avatar_decoration_data", "null");
    hex(w, "avatar", rng);
    json_shut(w, '}');
}

static void member(struct json_writer *w, struct rng *rng)
{
    json_key(w, "member");
    json_open(w, '{');
    json_key(w, "roles");
    json_open(w, '[');
    for (uint64_t i = rng_below(rng, 6); i > 0; i--)
        json_put_id(w, 900000000000000000ULL + rng_below(rng, 200) * 4194304);
    json_shut(w, ']');
    put(w, "premium_since", "null");
    put(w, "pending", "false");
    put(w, "nick", "null");
    put(w, "mute", "false");
    put(w, "joined_at", "\"2024-02-27T19:50:51.701000+00:00\"");
    put(w, "flags", "0");
    put(w, "deaf", "false");
    put(w, "communication_disabled_until", "null");
    put(w, "banner", "null");
    put(w, "avatar", "null");
    json_shut(w, '}');
}

static void content(struct json_writer *w, struct rng *rng)
{
    struct buf text = { 0 };

    for (uint64_t i = 2 + rng_below(rng, 24); i > 0; i--)
        buf_printf(&text, "%s ", words[rng_below(rng, sizeof words / sizeof *words)]);
    json_key(w, "content");
    json_put_str(w, buf_str(&text));
    buf_release(&text);
}

static void message(struct json_writer *w, struct rng *rng, uint64_t number)
{
    uint64_t guild = 700000000000000000ULL + rng_below(rng, 400) * 4194304;

    put(w, "type", "0");
    put(w, "tts", "false");
    put(w, "timestamp", "\"2026-02-27T23:56:48.287000+00:00\"");
    put(w, "pinned", "false");
    json_key(w, "nonce");
    json_put_id(w, number);
    put(w, "mentions", "[]");
    put(w, "mention_roles", "[]");
    put(w, "mention_everyone", "false");
    member(w, rng);
    json_key(w, "id");
    json_put_id(w, 1200000000000000000ULL + number * 7777);
    put(w, "flags", "0");
    put(w, "embeds", "[]");
    put(w, "edited_timestamp", "null");
    content(w, rng);
    put(w, "components", "[]");
    put(w, "channel_type", "0");
    json_key(w, "channel_id");
    json_put_id(w, guild + 1 + rng_below(rng, 5));
    author(w, rng);
    put(w, "attachments", "[]");
    json_key(w, "guild_id");
    json_put_id(w, guild);
}

static void envelope(struct json_writer *w, const char *name, uint64_t seq)
{
    json_open(w, '{');
    json_key(w, "t");
    json_put_z(w, name);
    json_key(w, "s");
    if (seq)
        json_put_u64(w, seq);
    else
        json_put_null(w);
    json_key(w, "op");
    json_put_u64(w, name ? 0 : 10);
    json_key(w, "d");
    json_open(w, '{');
}

/* One payload through the compressor and into a frame. */
static int frame(struct stream *s, struct deflate *z, bool binary, struct str payload,
                 struct buf *out)
{
    struct buf message = { 0 };
    unsigned char head[10] = { (unsigned char)(binary ? 0x82 : 0x81) };
    size_t n_head = 2;
    int err = deflate_payload(z, payload, &message);

    if (message.n < 126) {
        head[1] = (unsigned char)message.n;
    } else {
        head[1] = 126; /* nothing here reaches 64 KiB */
        head[2] = (unsigned char)(message.n >> 8);
        head[3] = (unsigned char)message.n;
        n_head = 4;
    }
    s->payload_bytes += payload.n;
    err = err ? err : buf_append(out, head, n_head);
    err = err ? err : buf_append_str(out, buf_str(&message));
    buf_release(&message);
    return err;
}

static void ready(struct json_writer *w)
{
    put(w, "v", "10");
    put(w, "user", "{\"id\":\"600000000000000000\",\"username\":\"bench\",\"bot\":true}");
    put(w, "session_id", "\"0123456789abcdef\"");
    put(w, "resume_gateway_url", "\"wss://127.0.0.1\"");
    put(w, "guilds", "[]");
    put(w, "shard", "[0,1]");
    put(w, "application", "{\"id\":\"600000000000000000\",\"flags\":0}");
}

/* Payload `i` of the stream: 0 HELLO, 1 READY, then events, then the end. */
static void payload(struct json_writer *w, size_t i, size_t events, struct rng *rng)
{
    if (i == 0) {
        envelope(w, NULL, 0);
        put(w, "heartbeat_interval", "600000");
    } else if (i == 1) {
        envelope(w, "READY", 1);
        ready(w);
    } else if (i < events + 2) {
        envelope(w, "MESSAGE_CREATE", i);
        message(w, rng, i);
    } else {
        envelope(w, "GUILD_UPDATE", i);
        put(w, "id", "\"700000000000000000\"");
        put(w, "name", "\"the end\"");
    }
    json_shut(w, '}');
    json_shut(w, '}');
}

int stream_make(struct stream *s, enum compression compression, size_t events)
{
    struct deflate *z = deflate_new(compression);
    struct rng rng = rng_seeded(1);
    struct buf json = { 0 };
    int err = z ? 0 : CORDAGE_ENOMEM;

    *s = (struct stream){ .events = events };
    for (size_t i = 0; !err && i < events + 3; i++) {
        struct json_writer w;

        buf_clear(&json);
        json_begin(&w, &json);
        payload(&w, i, events, &rng);
        err = json_end(&w);
        err = err ? err
                  : frame(s, z, compression != COMPRESS_NONE, buf_str(&json),
                          i == 0 ? &s->hello : &s->rest);
    }
    buf_release(&json);
    deflate_free(z);
    return err;
}

void stream_release(struct stream *s)
{
    buf_release(&s->hello);
    buf_release(&s->rest);
}
