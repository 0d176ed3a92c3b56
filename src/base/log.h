/* log.h - one line a fact, handed to whoever wants it.
 *
 * A struct log is a callback and a level. Lines are `key=value`, shard first:
 * `shard=12 session LIVE->IDLE code=4009`. Secrets have their own type
 * (secret.h) and payloads appear only at LOG_TRACE. The callback may be called
 * from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log {
    void (*write)(void *user, enum log_level level, const char *line);
    void *user;
    enum log_level level; /* the most that is written */
};

/* `log` may be NULL or have no callback: nothing happens. Lines over 1 KiB are cut.
 * Whatever the arguments hold, what is written is one line of printable UTF-8; quotes in
 * a peer's words are the caller's to tell apart. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *log_level_name(enum log_level level);
/* "error", "warn", "info", "debug", "trace"; -1 if none of them. */
int log_level_from(const char *name);

#endif
