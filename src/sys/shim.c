/*
 * The module's registration with Asterisk, and macros made functions.
 * No logic lives here.
 */
#include "asterisk.h"

#include "asterisk/channel.h"
#include "asterisk/format_cap.h"
#include "asterisk/logger.h"
#include "asterisk/module.h"
#include "asterisk/options.h"
#include "asterisk/utils.h"

#include "shim.h"

int shim_debug_at_least(int level)
{
	return DEBUG_ATLEAST(level);
}

int shim_verbosity_at_least(int level)
{
	return VERBOSITY_ATLEAST(level);
}

int shim_fully_booted(void)
{
	return ast_fully_booted ? 1 : 0;
}

void shim_channel_lock(struct ast_channel *chan)
{
	ast_channel_lock(chan);
}

void shim_channel_unlock(struct ast_channel *chan)
{
	ast_channel_unlock(chan);
}

void shim_channel_unref(struct ast_channel *chan)
{
	ast_channel_unref(chan);
}

void shim_channel_set_originated(struct ast_channel *chan)
{
	ast_set_flag(ast_channel_flags(chan), AST_FLAG_ORIGINATED);
}

struct ast_format_cap *shim_format_cap_alloc(void)
{
	return ast_format_cap_alloc(AST_FORMAT_CAP_FLAG_DEFAULT);
}

void shim_format_cap_unref(struct ast_format_cap *cap)
{
	ao2_ref(cap, -1);
}

char *shim_strdup(const char *text)
{
	return ast_strdup(text);
}

static enum ast_module_load_result load_module(void)
{
	return (enum ast_module_load_result) res_outbound_load();
}

/*
 * Loaded after everything that provides device states, beside the other
 * consumers of them (app_queue), so that channel drivers and applications are
 * there when dialing begins.
 */
AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "Outbound campaign dialer",
	.support_level = AST_MODULE_SUPPORT_EXTENDED,
	.load = load_module,
	.unload = res_outbound_unload,
	.reload = res_outbound_reload,
	.load_pri = AST_MODPRI_DEVSTATE_CONSUMER + 10,
);
