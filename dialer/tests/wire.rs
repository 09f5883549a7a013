//! No value gets out of its place on the wire, whatever a client sends.

mod bench;

use bench::desk::Desk;
use dialer::dialer::{Command, Event};
use dialer::surface::ami::{self, Privilege, ACTIONS};
use dialer::surface::dialplan;
use proptest::prelude::*;

/// What a client gets for an action, and the events that follow.
fn act(desk: &Desk, headers: &[(Vec<u8>, Vec<u8>)]) -> (String, Vec<Event>) {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
    desk.act(&headers)
}

/// Values of every kind that has ever hurt.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..40),
        "[0-9]{0,12}".prop_map(String::into_bytes),
        "[a-zA-Z0-9_]{1,8}=.{0,20}".prop_map(String::into_bytes),
        Just(b"x\r\nEvent: Fake\r\n\r\n".to_vec()),
        Just(b"'; DROP TABLE plan; --".to_vec()),
        Just(b"%s%n%x".to_vec()),
        Just(vec![b'a'; 5_000]),
    ]
}

fn message() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let names: Vec<&'static str> =
        ACTIONS.iter().flat_map(|action| action.headers()).map(|header| header.name).collect();
    let action = proptest::sample::select(ACTIONS).prop_map(|action| action.name);
    let header = (proptest::sample::select(names), value());
    (action, proptest::collection::vec(header, 0..12)).prop_map(|(action, headers)| {
        let mut message = vec![(b"Action".to_vec(), action.as_bytes().to_vec())];
        let headers = headers.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value));
        message.extend(headers);
        message
    })
}

/// Lines end with CR LF and nothing else, and each begins with a name.
fn is_whole(text: &str) -> bool {
    text.split("\r\n").all(|line| {
        !line.contains(|c: char| c.is_ascii_control() && c != '\t')
            && (line.is_empty() || line.split_once(": ").is_some_and(|(name, _)| is_name(name)))
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn shows(message: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let action = ACTIONS.iter().find(|action| action.name.as_bytes() == message[0].1);
    action.is_some_and(|action| action.privilege == Privilege::Show)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_and_events_stay_whole(messages in proptest::collection::vec(message(), 1..8)) {
        let desk = Desk::new();
        for message in messages {
            let (came, events) = act(&desk, &message);
            prop_assert!(is_whole(&came), "{came:?}");
            prop_assert!(came.starts_with("Response: ") && came.ends_with("\r\n\r\n"), "{came:?}");
            for event in &events {
                let (_, lines) = ami::event(event);
                prop_assert!(is_whole(&lines), "{lines:?}");
            }
            if !shows(&message) {
                prop_assert_eq!(came.matches("\r\n\r\n").count(), 1);
                prop_assert_eq!(came.starts_with("Response: Error"), events.is_empty());
            }
        }
    }

    /// A refused action changes nothing; an accepted text comes back as it was sent.
    #[test]
    fn text_comes_back(text in "[^\\x00-\\x1f\\x7f-\\x9f]{1,200}") {
        let desk = Desk::new();
        let action = (b"Action".to_vec(), b"OutDlmaCreate".to_vec());
        let name = (b"Name".to_vec(), text.clone().into_bytes());
        let (_, events) = act(&desk, &[action, name]);
        let (_, lines) = ami::event(&events[0]);
        let wanted = format!("Name: {text}\r\n");
        prop_assert!(lines.contains(&wanted), "{lines:?}");
    }
}

/// What stands in the argument's place in the dialplan.
fn arguments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"0381bf5e-e94e-4f8c-9fe6-443f645f0db0".to_vec()),
        prop::sample::select(&b",:\"\\= 0123456789\r\n\xff;'$"[..]).prop_map(|byte| vec![byte]),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Arguments of the application make a target of clean values, or are refused.
    #[test]
    fn arguments_are_clean_or_refused(arguments in arguments(), first in any::<bool>()) {
        let list: &[u8] = b"0381bf5e-e94e-4f8c-9fe6-443f645f0db0,301:";
        let arguments = [if first { list } else { b"" }, &arguments].concat();
        let Ok(command) = dialplan::create_target(&arguments) else { return Ok(()) };
        let Command::CreateTarget(_, patch) = command else { panic!("{command:?}") };
        let texts = [&patch.name, &patch.detail, &patch.user_key, &patch.email];
        for text in patch.numbers.iter().chain(texts).filter_map(|change| change.value()) {
            prop_assert!(!text.contains(|c: char| c.is_control() && c != '\t'), "{text:?}");
        }
        for (name, value) in patch.variables.value().into_iter().flat_map(|all| all.iter()) {
            prop_assert!(!name.contains(char::is_whitespace), "{name:?}");
            prop_assert!(!value.contains(['\r', '\n', '\0']), "{value:?}");
        }
    }

    /// What is protected by quotes comes through as it is.
    #[test]
    fn a_quoted_name_comes_through(name in "[ -~]{1,60}") {
        let protected = name.replace('\\', "\\\\").replace('"', "\\\"");
        let arguments =
            format!("0381bf5e-e94e-4f8c-9fe6-443f645f0db0,301,\"{protected}\"");
        let command = dialplan::create_target(arguments.as_bytes());
        let Ok(Command::CreateTarget(_, patch)) = command else { panic!("{command:?}") };
        prop_assert_eq!(patch.name.value(), Some(&name));
    }

    /// Nothing that is written to the function breaks it.
    #[test]
    fn any_field_and_value_is_taken_or_refused(field in ".{0,20}", value in arguments()) {
        let place = dialplan::Place { may_redirect: true, context: "sales" };
        for field in [field.as_str(), "disposition", "call_back_at", "redirect"] {
            if let Err(why) = dialplan::write_field(field, &value, &place) {
                prop_assert!(!why.to_string().is_empty());
            }
        }
    }
}
