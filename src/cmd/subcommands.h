/* subcommands.h - the subcommands of `cordage`.
 *
 * Each takes its own argv (argv[0] is the subcommand's name) and returns the exit
 * status: 0 done, 1 failed, 2 usage or configuration, 3 refused by Discord for good,
 * 4 identify budget would be exceeded. To add one: declare it here, and give it a line
 * in main.c's table. */
#ifndef CMD_SUBCOMMANDS_H
#define CMD_SUBCOMMANDS_H

int command_doctor(int argc, char **argv);
int command_info(int argc, char **argv);
int command_record(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_restart(int argc, char **argv);
int command_run(int argc, char **argv);
int command_sim(int argc, char **argv);
int command_sim_check(int argc, char **argv); /* `cordage sim check` */
int command_status(int argc, char **argv);
int command_stop(int argc, char **argv);

#endif
