/*
 * The Asterisk headers that this module uses: the one list that bindgen reads.
 * The names taken from them are allowlisted in build.rs.
 */
#include "asterisk.h"

#include "asterisk/ast_version.h"
#include "asterisk/astobj2.h"
#include "asterisk/bridge.h"
#include "asterisk/callerid.h"
#include "asterisk/causes.h"
#include "asterisk/channel.h"
#include "asterisk/cli.h"
#include "asterisk/config.h"
#include "asterisk/datastore.h"
#include "asterisk/devicestate.h"
#include "asterisk/format_cap.h"
#include "asterisk/frame.h"
#include "asterisk/logger.h"
#include "asterisk/manager.h"
#include "asterisk/module.h"
#include "asterisk/options.h"
#include "asterisk/paths.h"
#include "asterisk/pbx.h"
#include "asterisk/sorcery.h"
#include "asterisk/stasis.h"
#include "asterisk/stasis_bridges.h"
#include "asterisk/stasis_channels.h"
#include "asterisk/utils.h"

#include "shim.h"
