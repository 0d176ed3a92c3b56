/* Snapshots: what is packed comes back whole, only what changed is packed, and what is
 * damaged is refused. */
#include "cache_rig.h"
#include "guild_payload.h"

static void put_guild(struct rig *r, struct guild_payload p)
{
    struct buf text = { 0 };

    CHECK_INT(guild_payload_write(&p, &text), 0);
    CHECK_INT(rig_apply(r, r->slice, CORDAGE_EVENT_GUILD_CREATE, buf_str(&text)), 0);
    buf_release(&text);
}

/* Packs the next one, which must be that guild. */
static void pack_one(struct rig *r, cordage_id want, struct buf *packed)
{
    cordage_id id;
    int err;

    CHECK(cache_pack_next(r->slice, &id, packed, &err));
    CHECK_INT(err, 0);
    CHECK_INT(id, want);
}

static void pack_none(struct rig *r)
{
    struct buf packed = { 0 };
    cordage_id id;
    int err;

    CHECK(!cache_pack_next(r->slice, &id, &packed, &err));
    CHECK_INT(err, 0);
    buf_release(&packed);
}

static void same_guild(struct rig *a, struct rig *b, cordage_id id)
{
    struct buf x = { 0 }, y = { 0 };

    CHECK_INT(cache_write_guild(a->cache, id, &x), 0);
    CHECK_INT(cache_write_guild(b->cache, id, &y), 0);
    CHECK(str_eq(buf_str(&x), buf_str(&y)));
    buf_release(&x);
    buf_release(&y);
}

TEST(a_guild_comes_back_whole)
{
    struct guild_payload p = GUILD_PAYLOAD_ALL;
    cordage_id id = guild_payload_id(&p, CORDAGE_KIND_GUILDS, 0);
    struct rig r = rig_new(NULL), again = rig_new(NULL);
    struct buf packed = { 0 };

    put_guild(&r, p);
    pack_one(&r, id, &packed);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    same_guild(&r, &again, id);
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        if (kind == CORDAGE_KIND_USERS)
            CHECK_INT(cache_count(again.cache, kind), p.members);
        else
            CHECK_INT(cache_count(again.cache, kind), cache_count(r.cache, kind));
    }
    pack_none(&again); /* it is as the snapshot has it */
    buf_release(&packed);
    rig_free(&r);
    /* Users' references came back, too: the last guild takes them. */
    cache_slice_clear(again.slice);
    CHECK_INT(cache_count(again.cache, CORDAGE_KIND_USERS), 0);
    rig_free(&again);
}

TEST(an_unavailable_guild_comes_back_as_one)
{
    struct rig r = rig_new(NULL), again = rig_new(NULL);
    struct buf packed = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1','unavailable':true}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2','name':'x'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2','unavailable':true}");
    pack_one(&r, 1, &packed);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    pack_one(&r, 2, &packed);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    same_guild(&r, &again, 1);
    same_guild(&r, &again, 2);
    CHECK(cache_guild_is_unavailable(again.cache, 1));
    CHECK(cache_guild_is_unavailable(again.cache, 2));
    buf_release(&packed);
    rig_free(&r);
    rig_free(&again);
}

TEST(the_bot_itself_comes_back_as_it_was_last)
{
    struct rig r = rig_new(NULL), again = rig_new(NULL);
    struct buf packed = { 0 }, user = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'2','members':[{'user':{'id':'7','username':'ada'},'roles':[]}]}");
    pack_one(&r, 1, &packed);
    pack_one(&r, 2, &packed);
    rig_event(&r, CORDAGE_EVENT_USER_UPDATE, "{'id':'7','username':'grace'}");
    pack_one(&r, 2, &packed);
    pack_none(&r);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    CHECK_INT(cache_read(again.cache, CORDAGE_KIND_USERS, 0, 7, &user), 0);
    CHECK(memmem(user.p, user.n, "grace", 5));
    buf_release(&user);
    buf_release(&packed);
    rig_free(&r);
    rig_free(&again);
}

TEST(only_what_changed_is_packed_again)
{
    struct rig r = rig_new(NULL);
    struct buf packed = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','channels':[{'id':'11','type':0}],"
              "'members':[{'user':{'id':'7','username':'ada'},'roles':[]}]}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'3'}");
    pack_one(&r, 1, &packed);
    pack_one(&r, 2, &packed);
    pack_one(&r, 3, &packed);
    pack_none(&r);
    /* What leaves it as it was is no change. */
    rig_event(&r, CORDAGE_EVENT_CHANNEL_UPDATE, "{'id':'11','guild_id':'1','type':0}");
    rig_event(&r, CORDAGE_EVENT_GUILD_ROLE_DELETE, "{'guild_id':'1','role_id':'5'}");
    pack_none(&r);
    rig_event(&r, CORDAGE_EVENT_GUILD_ROLE_CREATE,
              "{'guild_id':'2','role':{'id':'5','name':'x'}}");
    pack_one(&r, 2, &packed);
    /* A user that changes through a guild. */
    rig_event(
        &r, CORDAGE_EVENT_TYPING_START,
        "{'guild_id':'1','user_id':'7','member':{'user':{'id':'7','username':'eve'},"
        "'roles':[]}}");
    pack_one(&r, 1, &packed);
    pack_none(&r);
    rig_event(&r, CORDAGE_EVENT_CHANNEL_DELETE, "{'guild_id':'1','id':'11'}");
    pack_one(&r, 1, &packed);
    cache_pack_again(r.slice);
    for (unsigned i = 0; i < 3; i++) {
        cordage_id id;
        int err;

        CHECK(cache_pack_next(r.slice, &id, &packed, &err));
        CHECK(packed.n > 0);
    }
    pack_none(&r);
    buf_release(&packed);
    rig_free(&r);
}

TEST(a_guild_that_is_gone_is_noted_once_if_a_snapshot_had_it)
{
    struct rig r = rig_new(NULL);
    struct buf packed = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1','name':'x'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'1'}");
    pack_none(&r); /* never packed */
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'1','name':'x'}");
    pack_one(&r, 1, &packed);
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'1'}");
    pack_one(&r, 1, &packed);
    CHECK_INT(packed.n, 0);
    pack_none(&r);
    /* Gone and back: both, in this order. */
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2','name':'x'}");
    pack_one(&r, 2, &packed);
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2'}");
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'2','name':'y'}");
    pack_one(&r, 2, &packed);
    CHECK_INT(packed.n, 0);
    pack_one(&r, 2, &packed);
    CHECK(packed.n > 0);
    /* What is forgotten with all others, or was gone before, no snapshot hears of. */
    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE, "{'id':'3'}");
    pack_one(&r, 3, &packed);
    rig_event(&r, CORDAGE_EVENT_GUILD_DELETE, "{'id':'2'}");
    cache_slice_clear(r.slice);
    pack_none(&r);
    buf_release(&packed);
    rig_free(&r);
}

TEST(what_is_damaged_is_refused_and_nothing_of_it_is_kept)
{
    struct guild_payload p = GUILD_PAYLOAD_ALL;
    struct rig r = rig_new(NULL), again = rig_new(NULL);
    struct buf packed = { 0 };
    unsigned refused = 0;

    put_guild(&r, p);
    pack_one(&r, guild_payload_id(&p, CORDAGE_KIND_GUILDS, 0), &packed);
    for (size_t n = 0; n < packed.n; n++)
        CHECK_INT(cache_unpack(again.slice, (struct str){ packed.p, n }), CORDAGE_EPARSE);
    CHECK_INT(cache_count(again.cache, CORDAGE_KIND_GUILDS), 0);
    CHECK_INT(cache_count(again.cache, CORDAGE_KIND_USERS), 0);
    /* A byte more, a newer format. */
    CHECK_INT(buf_append(&packed, "", 1), 0);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), CORDAGE_EPARSE);
    packed.n--;
    packed.p[0]++;
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), CORDAGE_EPARSE);
    packed.p[0]--;
    /* A byte that is another may be a name's: then it is as good as the right one. */
    for (size_t at = 0; at < packed.n; at++) {
        struct buf out = { 0 };
        struct buf ids = { 0 };
        cordage_id id;

        packed.p[at] ^= 0x55;
        if (cache_unpack(again.slice, buf_str(&packed)) == CORDAGE_EPARSE) {
            refused++;
        } else {
            CHECK_INT(cache_ids(again.cache, CORDAGE_KIND_GUILDS, 0, &ids), 0);
            CHECK_INT(ids.n, sizeof id);
            memcpy(&id, ids.p, sizeof id);
            CHECK_INT(cache_write_guild(again.cache, id, &out), 0);
            CHECK(json_equal_text(buf_str(&out), buf_str(&out)));
        }
        packed.p[at] ^= 0x55;
        cache_slice_clear(again.slice);
        buf_release(&out);
        buf_release(&ids);
    }
    CHECK(refused > packed.n / 50);
    buf_release(&packed);
    rig_free(&r);
    rig_free(&again);
}

TEST(unpacking_over_a_guild_replaces_it)
{
    struct rig r = rig_new(NULL), again = rig_new(NULL);
    struct buf packed = { 0 };

    rig_event(&r, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','name':'new','members':[{'user':{'id':'7','username':'ada'}}]}");
    rig_event(&again, CORDAGE_EVENT_GUILD_CREATE,
              "{'id':'1','name':'old','channels':[{'id':'11'}],"
              "'members':[{'user':{'id':'8','username':'bob'}}]}");
    pack_one(&r, 1, &packed);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    same_guild(&r, &again, 1);
    rig_ids(&again, CORDAGE_KIND_USERS, 0, "7");
    pack_none(&again);
    buf_release(&packed);
    rig_free(&r);
    rig_free(&again);
}

TEST(the_mark_tells_policies_apart)
{
    const cordage_policy other[CORDAGE_N_KINDS] = { [CORDAGE_KIND_MEMBERS] =
                                                        CORDAGE_LRU(5) };
    const cordage_policy another[CORDAGE_N_KINDS] = { [CORDAGE_KIND_MEMBERS] =
                                                          CORDAGE_LRU(6) };
    struct rig a = rig_new(NULL), b = rig_new(other), c = rig_new(another);
    struct rig d = rig_new(NULL);

    CHECK(cache_policy_mark(a.cache) == cache_policy_mark(d.cache));
    CHECK(cache_policy_mark(a.cache) != cache_policy_mark(b.cache));
    CHECK(cache_policy_mark(b.cache) != cache_policy_mark(c.cache));
    rig_free(&a);
    rig_free(&b);
    rig_free(&c);
    rig_free(&d);
}

TEST(a_kind_that_is_bounded_stays_so_when_it_comes_back)
{
    const cordage_policy few[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_MEMBERS] = CORDAGE_LRU(3), [CORDAGE_KIND_USERS] = CORDAGE_LRU(2)
    };
    struct guild_payload p = GUILD_PAYLOAD_ALL;
    struct rig r = rig_new(NULL), again = rig_new(few);
    struct buf packed = { 0 };

    put_guild(&r, p);
    pack_one(&r, guild_payload_id(&p, CORDAGE_KIND_GUILDS, 0), &packed);
    CHECK_INT(cache_unpack(again.slice, buf_str(&packed)), 0);
    CHECK_INT(cache_count(again.cache, CORDAGE_KIND_MEMBERS), 3);
    CHECK_INT(cache_count(again.cache, CORDAGE_KIND_USERS), 2);
    buf_release(&packed);
    rig_free(&r);
    rig_free(&again);
}

RUN_TESTS(T(a_guild_comes_back_whole), T(an_unavailable_guild_comes_back_as_one),
          T(the_bot_itself_comes_back_as_it_was_last),
          T(only_what_changed_is_packed_again),
          T(a_guild_that_is_gone_is_noted_once_if_a_snapshot_had_it),
          T(what_is_damaged_is_refused_and_nothing_of_it_is_kept),
          T(unpacking_over_a_guild_replaces_it), T(the_mark_tells_policies_apart),
          T(a_kind_that_is_bounded_stays_so_when_it_comes_back))
