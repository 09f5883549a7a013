/*
 * Asterisk macros and inline functions as plain functions, for Rust to call.
 * Each does what its name says by the macro of the same name, and nothing else.
 */
#ifndef RES_OUTBOUND_SHIM_H
#define RES_OUTBOUND_SHIM_H

struct ast_channel;
struct ast_format_cap;

/* Defined in Rust (src/module.rs); named in the module's registration. */
int res_outbound_load(void);
int res_outbound_reload(void);
int res_outbound_unload(void);

int shim_debug_at_least(int level);
int shim_verbosity_at_least(int level);
int shim_fully_booted(void);

void shim_channel_lock(struct ast_channel *chan);
void shim_channel_unlock(struct ast_channel *chan);
void shim_channel_unref(struct ast_channel *chan);
void shim_channel_set_originated(struct ast_channel *chan);

struct ast_format_cap *shim_format_cap_alloc(void);
void shim_format_cap_unref(struct ast_format_cap *cap);

char *shim_strdup(const char *text);

#endif
