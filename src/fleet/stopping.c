/* The end of all workers, and then of the loop: one way, whoever wants it. */
#include <signal.h>

#include "supervisor_inner.h"

static void end(struct supervisor *s)
{
    s->phase = FLEET_ENDED;
    if (s->workers)
        plan_keep(s);
    picture_second(s);
    if (s->options.changed)
        s->options.changed(s->options.user, s->view);
    orders_stopped(s);
    log_line(&s->log, LOG_INFO, "stopped");
    loop_stop(s->loop);
}

void stopping_look(struct supervisor *s)
{
    if (s->phase == FLEET_STOPPING && list_is_empty(&s->processes))
        end(s);
}

static void kill_all(struct supervisor *s)
{
    if (s->killed)
        return;
    s->killed = true;
    log_line(&s->log, LOG_WARN, "told to stop again: workers are killed");
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        process_kill(CONTAINER_OF(at, struct process, on_fleet), SIGKILL);
}

void stopping_begin(struct supervisor *s, bool forget)
{
    if (s->phase >= FLEET_STOPPING) {
        kill_all(s);
        return;
    }
    log_line(&s->log, LOG_INFO, "stopping");
    notify_state(s->notify, "STOPPING=1", "stopping");
    s->phase = FLEET_STOPPING;
    s->forget = forget;
    rolling_drop(s);
    s->host->disarm(s->host, &s->ask_timer);
    s->host->disarm(s->host, &s->foreign_timer);
    if (s->gate)
        gate_hold(s->gate, true);
    for (uint32_t i = 0; i < s->n_workers; i++)
        s->host->disarm(s->host, &s->workers[i].restart);
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        process_stop(CONTAINER_OF(at, struct process, on_fleet), forget);
    stopping_look(s);
}
