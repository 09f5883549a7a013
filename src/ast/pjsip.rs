//! What PJSIP knows, if it is loaded: res_pjsip is no module that this one needs.

use super::text::c_string;
use crate::sys;

/// Whether PJSIP has an endpoint of this name, also one from a database; `None`
/// if PJSIP is not there. May take as long as that database does.
pub fn endpoint_exists(name: &str) -> Option<bool> {
    // SAFETY: looks up a name in what is loaded.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"ast_sip_get_sorcery".as_ptr()) };
    if symbol.is_null() {
        return None;
    }
    // SAFETY: the function that res_pjsip exports by this name has this type.
    let sorcery_of = unsafe {
        std::mem::transmute::<*mut libc::c_void, unsafe extern "C" fn() -> *mut sys::ast_sorcery>(
            symbol,
        )
    };
    // SAFETY: takes nothing, and gives what res_pjsip keeps until Asterisk ends.
    let sorcery = unsafe { sorcery_of() };
    if sorcery.is_null() {
        return None;
    }
    let name = c_string(name);
    // SAFETY: the strings outlive the call.
    let endpoint =
        unsafe { sys::ast_sorcery_retrieve_by_id(sorcery, c"endpoint".as_ptr(), name.as_ptr()) };
    let found = !endpoint.is_null();
    // SAFETY: null, or a reference that is ours.
    unsafe { sys::__ao2_cleanup(endpoint) };
    Some(found)
}
