/* sim_play.h - `cordage sim --scenario`: a scenario carried out around a command.
 *
 * It begins when the simulator listens and the command runs. The engine (scenario.h)
 * decides what happens; here its clock ticks, the command's lines are read, deploys are
 * carried out, and at the end the command is stopped and all is judged. */
#ifndef CMD_SIM_PLAY_H
#define CMD_SIM_PLAY_H

#include "loop.h"
#include "scenario.h"
#include "server.h"
#include "sim_child.h"
#include "sim_lines.h"

enum { PLAY_LAST_LINES = 12, PLAY_LINE = 300 };

/* What the command line says. */
struct sim_play_options {
    const char *scenario; /* a file, or the name of a shipped one; NULL: none */
    const char *log;      /* a file that the bot writes; NULL: what it prints */
    const char *output;   /* where what it prints goes; NULL: nowhere */
    const char *deploy;   /* the signal of a deploy; NULL: it is ended and started anew */
    double time_scale;
    bool verbose, json;
};

enum play_state {
    PLAY_RUNNING,
    PLAY_DEPLOYING, /* the command was told to end, and will be started anew */
    PLAY_STOPPING,  /* it was told to end for good */
    PLAY_DRAINING,  /* it has ended; its last lines are still to come */
    PLAY_OVER
};

struct sim_play {
    struct sim_play_options options;
    /* The caller's, before sim_play_begin. */
    int (*start_command)(void *user, cordage_error *error);
    void *user;

    char name[256];
    struct scenario *scenario;
    struct scenario_run *run;
    struct loop *loop;
    struct server *server;
    struct sim_child *child; /* NULL: there is no command */
    struct sim_lines lines;
    struct timer tick;
    uv_timer_t patience; /* with what a command that has ended left behind */
    bool has_timer;
    enum play_state state;
    FILE *output;
    bool on_terminal, line_is_drawn;
    bool interrupted; /* by a signal: nothing is judged */
    char last[PLAY_LAST_LINES][PLAY_LINE];
    size_t n_last;
    int log_err; /* what was wrong with the log */
    char log_wrong[300];
};

/* The list of those that come with the program: lines, or an array of {name, title} as
 * JSON. The exit status. */
int sim_play_list(bool json, FILE *out);
/* Checks the options and reads the scenario, if there is one, with errors on stderr. 0,
 * 1 without memory, 2. */
int sim_play_load(struct sim_play *p);
/* Clock and pipes; `child` NULL: no command. Once the server listens, before the command
 * is started. */
int sim_play_open(struct sim_play *p, struct loop *loop, struct server *server,
                  struct sim_child *child, cordage_error *error);
/* From now on it counts. CORDAGE_ENOMEM. */
int sim_play_begin(struct sim_play *p, cordage_error *error);
/* The command has ended, or a signal came without one. */
void sim_play_ended(struct sim_play *p);
/* Around what others print to stderr: takes the line of progress away, and draws it. */
void sim_play_clear(struct sim_play *p);
void sim_play_draw(struct sim_play *p);
/* After the loop: judges, prints the table. The exit status. */
int sim_play_judge(struct sim_play *p);
/* Gives handles back to the loop, which must turn once more. */
void sim_play_close(struct sim_play *p);
void sim_play_release(struct sim_play *p);

#endif
