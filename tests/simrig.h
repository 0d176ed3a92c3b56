/* simrig.h - an offline Discord in a thread of the test, on real TLS sockets.
 *
 *     struct sim_config config;
 *     sim_config_default(&config);
 *     struct simrig *rig = simrig_start(&config, 20);   // 20 times the real clock
 *     ... options.api = simrig_api(rig) ...
 *     simrig_stop(rig);
 *
 * Sets DISCORD_TOKEN and the like nowhere: hand the values to the options. Failures
 * to start end the test program with a message. */
#ifndef TEST_SIMRIG_H
#define TEST_SIMRIG_H

#include "sim.h"

struct simrig;

struct simrig *simrig_start(const struct sim_config *config, double speed);
void simrig_stop(struct simrig *r);
const char *simrig_api(const struct simrig *r);
const char *simrig_token(const struct simrig *r);
const char *simrig_ca_file(const struct simrig *r);
/* What it shows its clients, for another server on loopback. */
const char *simrig_cert_file(const struct simrig *r);
const char *simrig_key_file(const struct simrig *r);

/* Runs `call` on the simulator's loop and waits until it has returned. The only way to
 * touch the model from the test's thread. */
void simrig_on_loop(struct simrig *r,
                    void (*call)(struct sim *sim, uint64_t now, void *user), void *user);

/* Waits until `ms` of the simulator's clock have passed. */
void simrig_wait(struct simrig *r, uint64_t ms);

/* As POST /_sim/fault; the number of connections it met. Fails the program on an error.
 */
size_t simrig_fault(struct simrig *r, const char *json);
/* The report, as JSON text; free() it. */
char *simrig_report(struct simrig *r);
/* How many rules were broken; prints them. */
size_t simrig_rules_broken(struct simrig *r);

#endif
