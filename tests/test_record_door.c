/* The recorder's websockets: a bot on one side, the simulator on the other, and all of it
 * on one loop. */
#include "net_rig.h"

#include "gateway.h"
#include "json.h"
#include "line.h"
#include "record_door.h"
#include "server.h"
#include "tmpdir.h"

struct place {
    struct rig *net;
    struct server server;
    struct tapes tapes;
    struct doors *doors;
    struct json_parser *parser;
    struct inflate_scratch *scratch;
    struct tmpdir dir;
    char file[1024];
};

/* A bot; what it says when its websocket stands, before it has heard anything. */
struct bot {
    struct line line;
    struct place *place;
    char first[512];
    size_t n_hello, n_ready, n_guilds;
    int lost; /* the close code; 0: not yet */
};

static void on_opened(struct line *l)
{
    struct bot *b = CONTAINER_OF(l, struct bot, line);

    CHECK_INT(line_send(l, str_of(b->first)), 0);
}

static bool on_payload(struct line *l, struct str payload)
{
    struct bot *b = CONTAINER_OF(l, struct bot, line);
    struct str name = STR("");
    cordage_json root;
    uint64_t op = 99;

    CHECK_INT(json_parse(b->place->parser, payload, &root), 0);
    json_u64(json_get(root, "op"), &op);
    json_str(json_get(root, "t"), &name);
    b->n_hello += op == OP_HELLO;
    b->n_ready += str_is(name, "READY");
    b->n_guilds += str_is(name, "GUILD_CREATE");
    return true;
}

static void on_broken(struct line *l)
{
    (void)l;
    fail_msg("the bot cannot read what came");
}

static void on_lost(struct line *l, int code)
{
    CONTAINER_OF(l, struct bot, line)->lost = code;
}

static void on_settled(struct line *l)
{
    rig_poke(CONTAINER_OF(l, struct bot, line)->place->net);
}

static const struct line_ops line_ops = { on_opened, on_payload, on_broken, on_lost,
                                          on_settled };

static void place_open(struct place *p)
{
    struct server_options options;
    struct doors_options doors;
    cordage_error error;

    *p = (struct place){ .net = rig_new(), .dir = tmpdir_new() };
    snprintf(p->file, sizeof p->file, "%s", tmpdir_path(&p->dir, "tape"));
    server_options_default(&options);
    options.sim.guilds = 3;
    CHECK_INT(server_start(&p->server, p->net->loop, &options, &error), 0);
    p->tapes = (struct tapes){ .host = p->net->host, .path = p->file };
    doors = (struct doors_options){ p->net->loop, p->net->server, &p->tapes,
                                    p->server.gateway_url };
    CHECK_INT(doors_new(&doors, &p->doors, &error), 0);
    p->parser = json_parser_new();
    p->scratch = inflate_scratch_new();
}

static void place_close(struct place *p)
{
    tapes_close(&p->tapes);
    doors_close(p->doors);
    server_close(&p->server);
    rig_free(p->net);
    doors_free(p->doors);
    server_release(&p->server);
    tapes_release(&p->tapes);
    json_parser_free(p->parser);
    inflate_scratch_free(p->scratch);
    tmpdir_free(&p->dir);
}

static void bot_dial(struct bot *b, struct place *p)
{
    struct url url;

    b->place = p;
    b->line.host = p->net->host;
    b->line.scratch = p->scratch;
    b->line.ops = &line_ops;
    CHECK_INT(url_gateway(str_of(doors_url(p->doors)), "v=10&encoding=json", &url, NULL),
              0);
    p->net->user = b;
    CHECK_INT(line_dial(&b->line, &url), 0);
}

static bool is_idle(struct rig *r)
{
    return ((struct bot *)r->user)->line.state == LINE_IDLE;
}

static bool has_guilds(struct rig *r)
{
    return ((struct bot *)r->user)->n_guilds == 3;
}

TEST(what_a_bot_says_before_hello_is_not_lost)
{
    struct bot b = { 0 };
    struct place p;

    place_open(&p);
    snprintf(b.first, sizeof b.first,
             "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":1}}",
             sim_token(p.server.sim));
    bot_dial(&b, &p);
    rig_until(p.net, has_guilds);
    CHECK(b.n_hello == 1 && b.n_ready == 1);
    CHECK_INT(p.tapes.n, 1);
    line_close(&b.line, CLOSE_NORMAL);
    rig_until(p.net, is_idle);
    place_close(&p);
}

TEST(a_close_of_discords_reaches_the_bot_as_it_is)
{
    struct bot b = { 0 };
    struct place p;

    place_open(&p);
    snprintf(b.first, sizeof b.first,
             "{\"op\":2,\"d\":{\"token\":\"wrong\",\"properties\":{},\"intents\":1}}");
    bot_dial(&b, &p);
    rig_until(p.net, is_idle);
    CHECK_INT(b.lost, CLOSE_AUTHENTICATION_FAILED);
    place_close(&p);
}

RUN_TESTS(T(what_a_bot_says_before_hello_is_not_lost),
          T(a_close_of_discords_reaches_the_bot_as_it_is))
