/* machine.h - a machine that isn't there: processes, threads, time and a network, from a
 * seed.
 *
 * What runs on it is the real thing. A program of ours (a bot, a supervisor) is linked
 * with this folder's loop, HTTP, link, children and output in place of those that ask the
 * system, and its calls for threads, locks, clocks, signals, the environment and pids are
 * led here (ld's --wrap). One process of the real system holds it all; nothing in it is
 * parallel.
 *
 * A process here has threads, each with a stack of its own. One runs until it waits: for
 * a lock, a condition, its loop, a sleep, or because a lock is where another may go
 * first. Who runs next follows from the seed. Time stands still while anybody can run,
 * and then jumps to the next moment that anybody waits for. So the same seed gives the
 * same run.
 *
 * There is one machine. Functions marked [outside] are for whoever drives it, when no
 * thread of it runs; [inside] for what runs on it; the others for both. */
#ifndef WORLD_MACHINE_H
#define WORLD_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "host.h"

struct vprocess;

/* Milliseconds begin at 1,000, the wall clock at `wall_ms` (Unix). [outside] */
void machine_boot(uint64_t seed, uint64_t wall_ms);
/* All that runs is gone, and the machine with it. [outside] */
void machine_halt(void);
uint64_t machine_now(void);
uint64_t machine_wall(void);
/* The wall clock is set by somebody. */
void machine_jump_wall(int64_t ms);
/* From the machine's own chance, which belongs to the run. */
uint64_t machine_random(void);

/* ---- Time ---- */

/* Runs everything that is due up to `until`. Returns early when machine_pause was called.
 * [outside] */
void machine_run(uint64_t until);
/* Ends machine_run, once who runs now waits. */
void machine_pause(void);
/* `run` is called at that time, when no thread runs; in the order of the calls. */
void machine_at(uint64_t at, void (*run)(void *user), void *user);

/* ---- Processes ---- */

struct vprogram {
    const char *name;         /* for the log */
    int (*main)(void *arg);   /* its return is the exit status */
    void *arg;                /* borrowed */
    const char *const *env;   /* "NAME=value", NULL-terminated: all it has. Copied */
    uint64_t suspended_until; /* it begins then */
};
/* Its first thread runs with the next machine_run, or when who runs now waits. */
struct vprocess *machine_start(const struct vprogram *program);
/* SIGKILL: it is gone at once, with whatever it held; its memory is lost. SIGSTOP and
 * SIGCONT: it gets no time meanwhile. SIGTERM, SIGINT: as it has asked for, else its end.
 * Nothing for one that has ended. A process may signal another, or itself. */
void vprocess_signal(struct vprocess *p, int number);
bool vprocess_runs(const struct vprocess *p);
/* Once it has ended: its exit status, or 128 and the signal. */
int vprocess_status(const struct vprocess *p);
/* Once it has ended: whether a signal did it. */
bool vprocess_was_killed(const struct vprocess *p);
int vprocess_pid(const struct vprocess *p);
struct vprocess *vprocess_of_pid(int pid); /* NULL: never was */
const char *vprocess_name(const struct vprocess *p);
/* The i-th of those that run, in the order of their starts; NULL: there are not so many.
 */
struct vprocess *machine_process(size_t i);
/* `died` is called, outside of all threads, at every process's end, in the order in which
 * they were told here: sockets close, locks are let go. Up to 8. [outside] */
void machine_on_death(void (*died)(struct vprocess *p));

/* The process that runs now; NULL: outside. */
struct vprocess *vprocess_self(void);
/* A handler that takes its time. [inside] */
void vprocess_sleep(uint64_t ms);
/* All that was logged by this machine's processes goes through here: "name: line". NULL:
 * to stderr with CORDAGE_WORLD_LOG set, else nowhere. [outside] */
void machine_on_log(void (*line)(struct vprocess *p, const char *text));
/* A line of its log. [inside] */
void vprocess_log(const char *line);
/* Called each time that nobody can run, before time moves on: what a moment has brought
 * about is all there to be looked at. Up to 8. [outside] */
void machine_before_time(void (*before)(void));

/* ---- Loops ---- */

/* Has `run` called on the loop's thread at that time, or as soon after as it has time;
 * forgotten when the loop or its process ends. What this folder's link, HTTP and children
 * are made of. */
struct loop;
void vloop_call(struct loop *l, uint64_t at, void (*run)(void *user), void *user);
struct vprocess *vloop_process(const struct loop *l);

#endif
