//! Finds the headers of the Asterisk to build for, makes bindings from them,
//! compiles the C shim, and sets how the module is linked.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const SHIM_SOURCES: [&str; 2] = ["src/sys/shim.c", "src/sys/unload.c"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=asterisk-headers");
    println!("cargo:rerun-if-changed=include");
    for variable in ["ASTERISK_INCLUDE", "RES_OUTBOUND_CACHE"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    for source in SHIM_SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let headers = find_headers();
    require_build_options_sum(&headers);
    let include = link_headers(&headers, &out);
    probe(&headers);
    bind(&include, &out);
    compile_shim(&include, &out);
    link();
}

/// The directory that holds `asterisk.h` and `asterisk/`.
fn find_headers() -> PathBuf {
    let candidates = match variable("ASTERISK_INCLUDE") {
        Some(dir) => vec![PathBuf::from(dir)],
        None => {
            let mut dirs = vec![PathBuf::from("/usr/include")];
            dirs.extend(cache_dir().map(|cache| cache.join("rootfs/usr/include")));
            dirs
        }
    };
    for dir in &candidates {
        if dir.join("asterisk.h").is_file() && dir.join("asterisk/channel.h").is_file() {
            for file in ["asterisk.h", "asterisk/buildopts.h", "asterisk/channel.h"] {
                println!("cargo:rerun-if-changed={}", dir.join(file).display());
            }
            return dir.clone();
        }
    }
    let looked_at: Vec<String> = candidates.iter().map(|dir| dir.display().to_string()).collect();
    fail(&format!(
        "no Asterisk headers (asterisk.h and asterisk/) in: {}. Install asterisk-dev (or \
         `make install-headers` of an Asterisk source tree), or set ASTERISK_INCLUDE to the \
         directory that holds them",
        looked_at.join(", ")
    ))
}

/// A variable of the environment; empty is as good as not set.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Where the test lab keeps its Asterisk.
fn cache_dir() -> Option<PathBuf> {
    if let Some(dir) = variable("RES_OUTBOUND_CACHE") {
        return Some(PathBuf::from(dir));
    }
    variable("HOME").map(|home| PathBuf::from(home).join(".cache/res_outbound"))
}

/// Asterisk compares this sum with its own when it loads a module, and skips
/// the comparison when the module's sum is empty: then nothing would stop a
/// module built for other structure layouts.
fn require_build_options_sum(headers: &Path) {
    let file = headers.join("asterisk/buildopts.h");
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| fail(&format!("cannot read {}: {error}", file.display())));
    let sum = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define AST_BUILDOPT_SUM"))
        .map(|rest| rest.trim().trim_matches('"'))
        .next_back()
        .unwrap_or("");
    if sum.len() != 32 {
        fail(&format!(
            "{} does not define AST_BUILDOPT_SUM as 32 hexadecimal digits: these headers were \
             not installed by a configured Asterisk build",
            file.display()
        ));
    }
}

/// An include directory of nothing but Asterisk's headers, so that the rest of
/// a foreign tree (its libc, above all) does not come with them.
fn link_headers(headers: &Path, out: &Path) -> PathBuf {
    let include = out.join("asterisk-include");
    let _ = fs::remove_dir_all(&include);
    fs::create_dir_all(&include)
        .unwrap_or_else(|error| fail(&format!("cannot create {}: {error}", include.display())));
    let headers = fs::canonicalize(headers).unwrap_or_else(|_| headers.to_path_buf());
    for name in ["asterisk.h", "asterisk"] {
        symlink(headers.join(name), include.join(name))
            .unwrap_or_else(|error| fail(&format!("cannot link {name}: {error}")));
    }
    include
}

/// What only some versions of Asterisk have.
fn probe(headers: &Path) {
    let channel = fs::read_to_string(headers.join("asterisk/channel.h")).unwrap_or_default();
    println!("cargo:rustc-check-cfg=cfg(has_tech_hangupcause)");
    if channel.contains("int ast_channel_tech_hangupcause(") {
        println!("cargo:rustc-cfg=has_tech_hangupcause");
    }
}

/// What every file that includes Asterisk's headers has to be compiled with.
fn definitions() -> [(&'static str, &'static str); 4] {
    [
        ("_GNU_SOURCE", "1"),
        ("_REENTRANT", "1"),
        ("AST_MODULE", "\"res_outbound\""),
        ("AST_MODULE_SELF_SYM", "__internal_res_outbound_self"),
    ]
}

fn bind(include: &Path, out: &Path) {
    let bindings = bindgen::Builder::default()
        .header("asterisk-headers/wrapper.h")
        .clang_arg("-fblocks")
        .clang_arg(format!("-I{}", include.display()))
        .clang_arg("-Iinclude")
        .clang_args(definitions().map(|(name, value)| format!("-D{name}={value}")))
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_var(VARIABLES.join("|"))
        .allowlist_type(TYPES.join("|"))
        .opaque_type(OPAQUE_TYPES.join("|"))
        .prepend_enum_name(false)
        .layout_tests(true)
        .generate_comments(false)
        .wrap_unsafe_ops(true)
        .generate()
        .unwrap_or_else(|error| fail(&format!("cannot bind the Asterisk headers: {error}")));
    let file = out.join("bindings.rs");
    bindings
        .write_to_file(&file)
        .unwrap_or_else(|error| fail(&format!("cannot write {}: {error}", file.display())));
}

fn compile_shim(include: &Path, out: &Path) {
    let mut build = cc::Build::new();
    build
        .cargo_metadata(false)
        .files(SHIM_SOURCES)
        .flag("-isystem")
        .flag(include.display().to_string())
        .include("include")
        .flag("-Werror=implicit-function-declaration")
        .flag("-fvisibility=hidden")
        .pic(true);
    for (name, value) in definitions() {
        build.define(name, value);
    }
    build.compile("res_outbound_shim");
    println!("cargo:rustc-link-search=native={}", out.display());
}

fn link() {
    // Nothing refers to the object with the registering constructor, so the
    // linker would leave it out of the module if it were free to choose.
    println!("cargo:rustc-link-lib=static:+whole-archive=res_outbound_shim");
    // See src/sys/unload.c.
    for symbol in ["pthread_key_create", "__cxa_thread_atexit_impl"] {
        println!("cargo:rustc-link-arg-cdylib=-Wl,--wrap={symbol}");
    }
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}");
    println!("cargo:warning={message}");
    std::process::exit(1)
}

const FUNCTIONS: &[&str] = &[
    "shim_.*",
    "__internal_res_outbound_self",
    // core
    "ast_log",
    "__ast_verbose",
    "ast_get_version",
    "ast_active_calls",
    "ast_shutting_down",
    "ast_register_atexit",
    "ast_unregister_atexit",
    "__ast_module_ref",
    "__ast_module_unref",
    "ast_pthread_create_stack",
    "ast_config_load2",
    "ast_config_destroy",
    "ast_category_browse",
    "ast_variable_browse",
    // surfaces
    "ast_manager_register2",
    "ast_manager_unregister",
    "astman_append",
    "__ast_manager_event_multichan",
    "__ast_cli_register",
    "ast_cli_unregister",
    "ast_cli",
    "ast_cli_completion_add",
    // channels
    "ast_request",
    "ast_call",
    "ast_read",
    "ast_update_module_list",
    "ast_waitfor_n",
    "ast_hangup",
    "ast_softhangup",
    "ast_softhangup_nolock",
    "ast_channel_clear_softhangup",
    "ast_check_hangup_locked",
    "ast_channel_is_bridged",
    "ast_frame_free",
    "ast_format_cap_append_by_type",
    "ast_format_cap_update_by_allow_disallow",
    "ast_get_channel_tech",
    "ast_cause2str",
    "ast_callerid_split",
    "ast_set_callerid",
    "ast_party_connected_line_set_init",
    "ast_party_redirecting_(init|copy|free)",
    "ast_channel_(appl|data|accountcode|peeraccount|context|exten|priority|fdno|hangupcause)_set",
    "ast_channel_(name|uniqueid|callid|state|hangupcause|tech_hangupcause|call_forward|connected)",
    "ast_channel_(redirecting|context)",
    "ast_channel_(varshead|whentohangup|internal_alert_readfd)",
    "ast_channel_(stage_snapshot|stage_snapshot_done|set_connected_line|set_redirecting)",
    "ast_channel_(publish_dial|publish_dial_forward)",
    "ast_channel_get_by_name",
    "ast_channel_iterator_(all_new|next|destroy)",
    "ast_channel_datastore_(add|find|remove)",
    "__ast_datastore_alloc",
    "ast_datastore_free",
    "ast_var_(name|value)",
    // dialplan
    "pbx_builtin_(setvar|getvar)_helper",
    "ast_register_application2",
    "ast_unregister_application",
    "__ast_custom_function_register",
    "ast_custom_function_unregister",
    "ast_callid_threadassoc_change",
    "ast_read_threadstorage_callid",
    "pbx_findapp",
    "pbx_exec",
    "ast_pbx_run",
    "ast_pbx_run_args",
    "ast_pbx_h_exten_run",
    "ast_pbx_outgoing_exten",
    "ast_exists_extension",
    "ast_context_find",
    "ast_sorcery_retrieve_by_id",
    "__ao2_cleanup",
    "ao2_iterator_(init|destroy)",
    "__ao2_iterator_next",
    // agents: queues, hints, device states, bridges
    "ast_hook_send_action",
    "ast_custom_function_find",
    "ast_func_read",
    "ast_get_hint",
    "ast_(rdlock|unlock)_contexts",
    "ast_extension_state",
    "__stasis_subscribe_pool",
    "stasis_subscription_(accept_message_type|set_filter)",
    "stasis_unsubscribe_and_join",
    "stasis_message_(type|data)",
    "ast_device_state_(topic_all|message_type)",
    "ast_bridge_topic_all",
    "ast_channel_entered_bridge_type",
    "ast_channel_snapshot_get_latest",
];

const VARIABLES: &[&str] = &[
    "ast_option_maxcalls",
    "ast_option_maxload",
    "ast_config_AST_(CONFIG|VAR|LOG|DATA|SPOOL)_DIR",
    "ast_config_AST_SYSTEM_NAME",
    "__LOG_(DEBUG|NOTICE|WARNING|ERROR)",
    "EVENT_FLAG_.*",
    "AST_ALERT_FD",
    "AST_CHAN_TP_INTERNAL",
    "RESULT_(SUCCESS|SHOWUSAGE|FAILURE)",
    "AST_SOFTHANGUP_(EXPLICIT|APPUNLOAD)",
    "STASIS_SUBSCRIPTION_FILTER_SELECTIVE",
    "AST_PRES_ALLOWED_USER_NUMBER_NOT_SCREENED",
    "AST_CAUSE_(NORMAL_CLEARING|NOTDEFINED)",
    "AST_MAX_CONTEXT",
];

const TYPES: &[&str] = &[
    "ast_module_load_result",
    "ast_pbx_result",
    "ast_pbx_outgoing_sync",
    "ast_channel_state",
    "ast_control_frame_type",
    "ast_frame_type",
    "ast_media_type",
    "ast_cli_command",
    "message",
    "ast_variable",
    "ast_frame",
    "ast_cli_entry",
    "ast_cli_args",
    "ast_custom_function",
    "ast_datastore_info",
    "ast_var_t",
    "varshead",
    "ast_device_state",
    "ast_device_state_message",
    "ast_bridge_blob",
    "ast_bridge_snapshot",
    "ast_channel_snapshot",
    "ast_channel_snapshot_base",
    "ast_pbx_args",
    "ast_extension_states",
    "manager_custom_hook",
];

/// Passed around by pointer only.
const OPAQUE_TYPES: &[&str] = &["mansession", "ast_module", "ast_channel_tech", "ast_sorcery"];
