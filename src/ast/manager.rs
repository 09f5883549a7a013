//! The Asterisk Manager Interface: actions that clients send, events that they
//! receive. Over TCP and over HTTP alike.

use std::ffi::{c_int, CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::ops::BitOr;
use std::sync::{PoisonError, RwLock};

use super::{border, log, module, text};
use crate::sys;

/// What a client may do or wants to hear of (`read=`, `write=` in
/// manager.conf). An action needs one of the classes that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(c_int);

impl Class {
    pub const COMMAND: Class = Class(sys::EVENT_FLAG_COMMAND as c_int);
    pub const REPORTING: Class = Class(sys::EVENT_FLAG_REPORTING as c_int);
    pub const MESSAGE: Class = Class(sys::EVENT_FLAG_MESSAGE as c_int);
}

impl BitOr for Class {
    type Output = Class;

    fn bitor(self, other: Class) -> Class {
        Class(self.0 | other.0)
    }
}

/// An action for clients to send.
///
/// The handler runs on the client's own thread. It has to send a whole
/// response (`Response: …`, the client's ActionID, an empty line); if it
/// panics, the client gets an error response instead.
#[derive(Clone)]
pub struct Action {
    pub name: &'static str,
    pub class: Class,
    /// One line for `manager show commands`.
    pub synopsis: &'static str,
    /// Text for `manager show command`.
    pub description: String,
    pub handler: fn(&Session<'_>, &Message<'_>),
}

/// Why actions were not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterError {
    /// The action that Asterisk refused, or knew already.
    pub action: &'static str,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "manager action {} cannot be registered", self.action)
    }
}

impl std::error::Error for RegisterError {}

/// Actions that are registered until this is dropped.
#[must_use]
pub struct Actions {
    // Asterisk keeps the pointers to the names.
    names: Vec<CString>,
}

struct Registered {
    name: &'static str,
    handler: fn(&Session<'_>, &Message<'_>),
}

static REGISTERED: RwLock<Vec<Registered>> = RwLock::new(Vec::new());

/// Registers all of `actions`, or none.
///
/// # Errors
///
/// The first action that was refused; Asterisk has logged why.
pub fn register(actions: &[Action]) -> Result<Actions, RegisterError> {
    let mut done = Actions { names: Vec::new() };
    for action in actions {
        let name = text::c_string(action.name);
        let synopsis = text::c_string(action.synopsis);
        let description = text::c_string(&action.description);
        remember(action);
        // SAFETY: `name` lives until the action is unregistered, the other
        // strings are copied. With a synopsis given, Asterisk does not look
        // for XML documentation and does not warn when there is none.
        let result = unsafe {
            sys::ast_manager_register2(
                name.as_ptr(),
                action.class.0,
                Some(act),
                module::self_module(),
                synopsis.as_ptr(),
                description.as_ptr(),
            )
        };
        if result != 0 {
            forget(action.name);
            return Err(RegisterError { action: action.name });
        }
        done.names.push(name);
    }
    Ok(done)
}

impl Drop for Actions {
    fn drop(&mut self) {
        for name in &self.names {
            // SAFETY: the string outlives the call, after which Asterisk no
            // longer looks at it.
            unsafe { sys::ast_manager_unregister(name.as_ptr()) };
            forget(&name.to_string_lossy());
        }
    }
}

fn remember(action: &Action) {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    registered.push(Registered { name: action.name, handler: action.handler });
}

/// Forgets the latest action of that name.
fn forget(name: &str) {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(index) = registered.iter().rposition(|action| action.name == name) {
        registered.remove(index);
    }
    if registered.is_empty() {
        // Statics are not dropped when the module is unloaded.
        registered.shrink_to_fit();
    }
}

fn find(name: &[u8]) -> Option<fn(&Session<'_>, &Message<'_>)> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    registered
        .iter()
        .find(|action| action.name.as_bytes().eq_ignore_ascii_case(name))
        .map(|action| action.handler)
}

/// Serves every action of ours. Returns 0: anything else would end the
/// client's session.
extern "C" fn act(session: *mut sys::mansession, message: *const sys::message) -> c_int {
    border::guard(0, || {
        let session = Session { raw: session, call: PhantomData };
        // SAFETY: Asterisk passes a message that lives for the call and that
        // nobody changes.
        let message = Message(unsafe { &*message });
        let name = message.header("Action").unwrap_or_default();
        let Some(handler) = find(name) else {
            log::error!("No handler for manager action");
            refuse(&session, &message, "Action is not available");
            return 0;
        };
        if border::catch(|| handler(&session, &message)).is_err() {
            refuse(&session, &message, "Internal error, see the log");
        }
        0
    })
}

fn refuse(session: &Session<'_>, message: &Message<'_>, why: &str) {
    let mut response = b"Response: Error\r\n".to_vec();
    if let Some(id) = message.header("ActionID").filter(|id| !id.is_empty()) {
        response.extend_from_slice(b"ActionID: ");
        response.extend_from_slice(id);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(format!("Message: {why}\r\n\r\n").as_bytes());
    session.send(response);
}

/// The client whose action is being served.
pub struct Session<'a> {
    raw: *mut sys::mansession,
    call: PhantomData<&'a sys::mansession>,
}

/// Asterisk formats into a buffer that each thread keeps: it should not grow.
const SEND_PIECE_BYTES: usize = 4096;

impl Session<'_> {
    /// Sends bytes to the client as they are, except NUL bytes, which are left
    /// out. Lines end with CR LF; a message ends with an empty line. A client
    /// that does not read in time loses its session, which is not reported.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        for part in bytes.as_ref().split(|byte| *byte == 0) {
            for piece in part.chunks(SEND_PIECE_BYTES) {
                let piece = CString::new(piece).unwrap_or_default();
                // SAFETY: Asterisk keeps the session for the length of the
                // action; the format takes exactly one string.
                unsafe { sys::astman_append(self.raw, c"%s".as_ptr(), piece.as_ptr()) };
            }
        }
    }
}

/// An action as the client sent it.
pub struct Message<'a>(&'a sys::message);

impl<'a> Message<'a> {
    /// All headers in their order, repeated ones too: name and value without
    /// the blanks after the colon. Bytes, because clients may send anything
    /// but NUL, CR and LF.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let message: &'a sys::message = self.0;
        let count = (message.hdrcount as usize).min(message.headers.len());
        message.headers[..count].iter().filter(|line| !line.is_null()).filter_map(|line| {
            // SAFETY: a NUL-terminated line of the message, which lives
            // for the call.
            let line: &'a CStr = unsafe { CStr::from_ptr(*line) };
            split_header(line.to_bytes())
        })
    }

    /// The first header of that name, in any case; possibly empty.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }
}

fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let blanks = value.iter().take_while(|byte| **byte <= b' ').count();
    Some((name, &value[blanks..]))
}

/// Sends an event to every client that reads one of the classes. `body` is
/// whole lines, `Name: value` and CR LF each.
pub fn event(class: Class, name: &str, body: &str) {
    let name = text::c_string(name);
    let body = text::c_string(body);
    let place = log::place!();
    // SAFETY: no channels are given; all strings outlive the call; the format
    // takes exactly one string.
    unsafe {
        sys::__ast_manager_event_multichan(
            class.0,
            name.as_ptr(),
            0,
            std::ptr::null_mut(),
            place.file.as_ptr(),
            place.line as c_int,
            place.function.as_ptr(),
            c"%s".as_ptr(),
            body.as_ptr(),
        );
    }
}
