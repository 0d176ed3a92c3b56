/* programs.h - what runs on the machine: a bot, and a supervisor with it in its workers.
 *
 * The bot is the public API and nothing else: cordage_client_new, handlers, run. It tells
 * the judge of every traffic message, and what it remembers when it is asked. */
#ifndef WORLD_PROGRAMS_H
#define WORLD_PROGRAMS_H

#include "machine.h"
#include "world.h"

/* Nothing runs yet; after machine_boot. [outside] */
void program_begin(void);
/* For struct vprogram's main; `arg` is the plan. Alone, or as a worker, by what its
 * environment says. */
int program_bot(void *plan);
/* `cordage run` as a library: the real supervisor, whose children are processes of this
 * machine that run program_bot. vlink_open and vchild_open(program_bot, plan) come before
 * it, after machine_boot; vlink_close and vchild_close after machine_halt (life_rig.c
 * shows it). */
int program_supervisor(void *plan);

/* Handlers take so long from now on; 0: no time. */
void program_set_slow(uint32_t ms);
/* The file that workers are started from is another now: one that ends at once
 * (`fails`), or a good one. */
void program_replace(bool fails);
/* Tells the judge, by judge_remembers, what the bot in each process remembers of every
 * guild. */
void program_ask_caches(void);
/* Has the supervisor begin a rolling restart, as `cordage restart` does. */
void program_roll(void);
/* The same of one worker; and of the supervisor alone (`cordage restart --self`). */
void program_roll_one(uint32_t worker);
void program_begin_anew(void);
/* Whether all shards say that they are live. */
bool program_is_up(void);
/* Whether a supervisor runs that says so, too. */
bool program_supervisor_is_up(void);

#endif
