/* The cache itself, each allocation failing in turn. Whatever fails is brought again, as
 * the caller does, and then the cache must be as if nothing had happened. */
#include "alloc.h"

#include "cache_rig.h"

static const struct {
    cordage_event_type type;
    const char *d; /* of guild 1 */
} events[] = {
    { CORDAGE_EVENT_READY, "{'user':{'id':'900','username':'me'},'guilds':[]}" },
    { CORDAGE_EVENT_GUILD_CREATE,
      "{'id':'1','name':'x','member_count':2,'roles':[{'id':'1'},{'id':'5'}],"
      "'emojis':[{'id':'41','roles':['5']}],'channels':[{'id':'11','type':15}],"
      "'threads':[{'id':'21','parent_id':'11','last_message_id':'30'}],"
      "'members':[{'user':{'id':'7','username':'ada'},'roles':['5']},"
      "{'user':{'id':'8','username':'bob'},'roles':['5']}],"
      "'voice_states':[{'user_id':'8','channel_id':'11','member':{'roles':['5'],"
      "'user':{'id':'8','username':'bob'}}}],"
      "'presences':[{'user':{'id':'7'},'status':'idle'}]}" },
    { CORDAGE_EVENT_GUILD_UPDATE,
      "{'id':'1','name':'y','roles':[{'id':'1'},{'id':'5'}]}" },
    { CORDAGE_EVENT_CHANNEL_UPDATE, "{'id':'11','guild_id':'1','type':15,'name':'z'}" },
    { CORDAGE_EVENT_THREAD_UPDATE, "{'id':'21','guild_id':'1','parent_id':'11'}" },
    { CORDAGE_EVENT_THREAD_MEMBER_UPDATE, "{'id':'21','guild_id':'1','flags':2}" },
    { CORDAGE_EVENT_MESSAGE_CREATE,
      "{'id':'31','guild_id':'1','channel_id':'21','author':{'id':'9','username':'eve'},"
      "'member':{'roles':[]},'mentions':[{'id':'7','username':'ida'}]}" },
    { CORDAGE_EVENT_GUILD_MEMBERS_CHUNK,
      "{'guild_id':'1','members':[{'user':{'id':'10','username':'k'},'roles':[]}],"
      "'presences':[{'user':{'id':'10'},'status':'dnd'}]}" },
    { CORDAGE_EVENT_GUILD_ROLE_DELETE, "{'guild_id':'1','role_id':'5'}" },
    { CORDAGE_EVENT_GUILD_MEMBER_REMOVE, "{'guild_id':'1','user':{'id':'8'}}" },
    { CORDAGE_EVENT_USER_UPDATE, "{'id':'900','username':'you'}" },
    { CORDAGE_EVENT_CHANNEL_DELETE, "{'id':'11','guild_id':'1'}" },
};
enum { EVENTS = sizeof events / sizeof events[0] };

static uint64_t no_seconds(void *user)
{
    (void)user;
    return 0;
}

/* What happens to it all. */
struct life {
    struct buf texts[EVENTS];
    struct json_parser *parsers[EVENTS];
    cordage_json d[EVENTS];
    const cordage_policy *policies;
    struct buf want; /* the guild, as it is in the end */
};

/* Brings an event until it goes through; that it failed once is in *err. */
static void apply(struct cache_slice *s, const struct life *l, unsigned i, int *err)
{
    struct buf old = { 0 };
    struct cache_change change = { &old };
    int failed = cache_apply(s, events[i].type, l->d[i], 900, &change);

    buf_release(&old);
    if (failed) {
        CHECK_INT(failed, CORDAGE_ENOMEM);
        *err = failed;
        CHECK_INT(cache_apply(s, events[i].type, l->d[i], 900, NULL), 0);
    }
}

static int pack_and_unpack(struct cache_slice *s, struct cache *c)
{
    struct buf packed = { 0 }, ids = { 0 };
    cordage_id id;
    int err;

    if (!cache_pack_next(s, &id, &packed, &err))
        CHECK_INT(err, CORDAGE_ENOMEM);
    if (!err)
        err = cache_unpack(s, buf_str(&packed));
    /* Nothing of it, or all. */
    if (err)
        cache_slice_clear(s);
    if (!err)
        err = cache_ids(c, CORDAGE_KIND_MEMBERS, 1, &ids);
    if (!err)
        err = cache_ids(c, CORDAGE_KIND_USERS, 0, &ids);
    buf_release(&packed);
    buf_release(&ids);
    return err;
}

static int live(struct life *l, struct cache *c, struct cache_slice *s)
{
    struct buf got = { 0 };
    int err = 0, failed = 0;

    for (unsigned i = 0; i < EVENTS; i++)
        apply(s, l, i, &failed);
    err = cache_write_guild(c, 1, &got);
    if (err)
        CHECK_INT(got.n, 0);
    else if (!l->want.n)
        CHECK_INT(buf_append_str(&l->want, buf_str(&got)), 0);
    else
        CHECK(str_eq(buf_str(&got), buf_str(&l->want)));
    buf_release(&got);
    if (!err)
        err = pack_and_unpack(s, c);
    return err ? err : failed;
}

static int whole_life(void *user)
{
    struct life *l = user;
    struct cache_slice *s = NULL;
    struct cache *c;
    int err = cache_new(l->policies, no_seconds, NULL, &c);

    if (!err)
        err = cache_slice_new(c, 0, 1, &s);
    if (!err)
        err = live(l, c, s);
    cache_slice_free(s);
    if (c && s) {
        for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
            if (kind != CORDAGE_KIND_USERS)
                CHECK_INT(cache_count(c, kind), 0);
    }
    cache_free(c);
    return err;
}

static void each(cordage_policy members)
{
    cordage_policy policies[CORDAGE_N_KINDS];
    struct life l = { .policies = policies };

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        policies[kind] = CORDAGE_FOREVER;
    policies[CORDAGE_KIND_MEMBERS] = policies[CORDAGE_KIND_USERS] = members;
    for (unsigned i = 0; i < EVENTS; i++) {
        l.texts[i] = rig_text(events[i].d);
        l.parsers[i] = json_parser_new();
        CHECK_INT(json_parse(l.parsers[i], buf_str(&l.texts[i]), &l.d[i]), 0);
    }
    CHECK_INT(whole_life(&l), 0); /* undisturbed: this is how it has to be */
    CHECK(alloc_each(whole_life, &l) >= 50);
    buf_release(&l.want);
    for (unsigned i = 0; i < EVENTS; i++) {
        buf_release(&l.texts[i]);
        json_parser_free(l.parsers[i]);
    }
}

TEST(what_fails_and_is_brought_again_is_as_if_it_had_not_failed)
{
    each(CORDAGE_FOREVER);
}

TEST(what_is_bounded_too)
{
    each(CORDAGE_LRU(100));
}

RUN_TESTS(T(what_fails_and_is_brought_again_is_as_if_it_had_not_failed),
          T(what_is_bounded_too))
