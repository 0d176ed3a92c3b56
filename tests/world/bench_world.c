/* What virtual time costs: `bench_world SHARDS DAYS MESSAGES [SEED]`, messages a second
 * and shard. Prints real seconds of processor for each day of a shard. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net.h"
#include "programs.h"
#include "vdisk.h"
#include "world_rig.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void *owner(void)
{
    return vprocess_self();
}

static void on_death(struct vprocess *p)
{
    vdisk_died(p);
}

int main(int argc, char **argv)
{
    static const char *const env[] = { "CORDAGE_STATE_DIR=" VDISK_ROOT "/bot", NULL };
    struct world_plan plan = { .seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1,
                               .shards = argc > 1 ? (uint32_t)atoi(argv[1]) : 4,
                               .handlers = 2,
                               .compression = COMPRESS_ZLIB,
                               .caches = true };
    double days = argc > 2 ? atof(argv[2]) : 1, rate = argc > 3 ? atof(argv[3]) : 0.05;
    struct sim_config config;
    struct routes_config routes;
    double seconds;

    machine_boot(plan.seed, 1767225600000);
    vdisk_mount(owner);
    machine_on_death(on_death);
    program_begin();
    sim_config_default(&config);
    routes_config_default(&routes);
    config.guilds = plan.shards * 4;
    config.members = 20;
    config.traffic = rate * plan.shards;
    net_start(&config, &routes);
    machine_start(&(struct vprogram){
        .name = "bot", .main = program_bot, .arg = &plan, .env = env });
    machine_run((uint64_t)(days * DAY_MS));
    seconds = (double)clock() / CLOCKS_PER_SEC;
    printf("shards=%u days=%g messages=%llu handled=%llu seconds=%.2f "
           "seconds_per_shard_day=%.3f up=%d hash=%016llx\n",
           plan.shards, days, (unsigned long long)sim_report(net_sim())->messages_created,
           (unsigned long long)quiet_handled, seconds, seconds / (days * plan.shards),
           program_is_up(), (unsigned long long)net_hash());
    return 0;
}
