use super::*;
use crate::domain::{CallBackTime, Change, Disposition, TargetPatch};
use std::time::Duration;

const LIST: &str = "0381bf5e-e94e-4f8c-9fe6-443f645f0db0";

fn created(arguments: &str) -> Result<TargetPatch> {
    match create_target(format!("{LIST},{arguments}").as_bytes())? {
        Command::CreateTarget(list, patch) => {
            assert_eq!(list.to_string(), LIST);
            Ok(patch)
        }
        other => panic!("{other:?}"),
    }
}

fn numbers(patch: &TargetPatch) -> Vec<&str> {
    let texts = patch.numbers.iter().map(|number| number.value().map_or("", String::as_str));
    let mut texts: Vec<_> = texts.collect();
    while texts.last() == Some(&"") {
        texts.pop();
    }
    texts
}

fn text(value: &Change<String>) -> &str {
    value.value().map_or("", String::as_str)
}

#[test]
fn every_argument_in_its_place() {
    let patch = created(
        "301:302:303:304:305:306:307:308, a name, a detail, bea@example.com, key 7, \
         var1=val1:var2=val2:var4=var 4",
    )
    .expect("a target");
    assert_eq!(numbers(&patch), ["301", "302", "303", "304", "305", "306", "307", "308"]);
    let texts = [&patch.name, &patch.detail, &patch.email, &patch.user_key].map(text);
    assert_eq!(texts, ["a name", "a detail", "bea@example.com", "key 7"]);
    let variables = patch.variables.value().expect("variables");
    let all: Vec<_> = variables.iter().collect();
    assert_eq!(all, [("var1", "val1"), ("var2", "val2"), ("var4", "var 4")]);
}

#[test]
fn what_is_protected_stays() {
    let table: [(&str, &[&str], &str); 9] = [
        ("301", &["301"], ""),
        ("301,", &["301"], ""),
        (" 301 : 302 , Bea ", &["301", "302"], "Bea"),
        (":302::304", &["", "302", "", "304"], ""),
        (r#""sip:100@example.com":302"#, &["sip:100@example.com", "302"], ""),
        (r"sip\:100@example.com", &["sip:100@example.com"], ""),
        (r#"301,"O'Hara, Bea""#, &["301"], "O'Hara, Bea"),
        (r#"301,Bea \"Bee\" O\\Hara\, Dr."#, &["301"], r#"Bea "Bee" O\Hara, Dr."#),
        (r#"301," padded ""#, &["301"], " padded "),
    ];
    for (arguments, expected, name) in table {
        let patch = created(arguments).expect(arguments);
        assert_eq!(
            (numbers(&patch).as_slice(), text(&patch.name)),
            (expected, name),
            "{arguments}"
        );
    }
    let patch = created(r#"301,,,,,"url=http://x/?a=1,2":b=c"#).expect("a target");
    let variables = patch.variables.value().expect("variables");
    assert_eq!(variables.value("url"), Some("http://x/?a=1,2"));
    assert_eq!(variables.value("b"), Some("c"));
}

#[test]
fn bad_arguments_are_named() {
    let table = [
        (",301", "DlmaUuid: is required"),
        ("", "Number1: is required"),
        ("no-such-dlma,301", "DlmaUuid: no such dlma"),
        ("LIST", "Number1: is required"),
        ("LIST,::", "Number1: is required"),
        ("LIST,1:2:3:4:5:6:7:8:9", "Number9: 9 numbers are too many"),
        ("LIST,1:2:3:4:5:6:7:8:", "Number9: 9 numbers are too many"),
        ("LIST,sip:100@example.com", "Number1: the colon of a URI"),
        ("LIST,301:sips:100@example.com", "Number2: the colon of a URI"),
        ("LIST,301 302", "Number1: has the character ' '"),
        ("LIST,301&302", "Number1: has the character '&'"),
        ("LIST,301,a\r\nEvent: x", "Name: has the control character U+000D"),
        ("LIST,301\n", "Number1: has the control character U+000A"),
        ("LIST,301,,,,,a=b\nc", "Variable: has the control character U+000A"),
        ("LIST,301,,,nobody", "Email: 'nobody' is not allowed"),
        ("LIST,301,,,,,novalue", "Variable: 'novalue' is not allowed; allowed is name=value"),
        ("LIST,301,,,,,a=http://x", "Variable: '//x' is not allowed"),
        ("LIST,301,a,b,c@d,e,f=g,h", "8 arguments are too many"),
        ("LIST,301,\"Bea", "a double quote is not closed"),
        ("LIST,301,Bea\\", "a backslash at the end"),
    ];
    for (arguments, reason) in table {
        let refused = create_target(arguments.replace("LIST", LIST).as_bytes());
        let why = refused.expect_err(arguments).to_string();
        assert!(why.starts_with(reason), "{arguments:?}: {why}");
    }
    let not_utf8 = [LIST.as_bytes(), b",301,\xff"].concat();
    let why = create_target(&not_utf8).expect_err("refused").to_string();
    assert!(why.starts_with("Name: is not valid UTF-8"), "{why}");
}

const PLACE: Place<'static> = Place { may_redirect: true, context: "sales" };

fn written(name: &str, value: &str) -> Result<OutcomePatch> {
    match write_field(name, value.as_bytes(), &PLACE)? {
        Setting::Outcome(patch) => Ok(patch),
        other => panic!("{other:?}"),
    }
}

fn redirected(value: &str, place: &Place<'_>) -> Result<Option<String>> {
    match write_field("redirect", value.as_bytes(), place)? {
        Setting::Redirect(route) => Ok(route.as_ref().map(redirect::written)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_redirect_is_read_as_it_was_written() {
    let table = [
        ("survey", Some("sales,survey,1")),
        ("ivr,survey", Some("ivr,survey,1")),
        (" ivr , survey , 3 ", Some("ivr,survey,3")),
        ("", None),
    ];
    for (value, expected) in table {
        assert_eq!(redirected(value, &PLACE), Ok(expected.map(str::to_owned)), "{value}");
    }
}

#[test]
fn a_redirect_to_nowhere_is_refused_by_name() {
    let table = [
        ("ivr,", "Exten: is missing; allowed is exten, or context,exten, or context,exten,"),
        (",survey", "Context: is missing"),
        ("ivr,survey,", "Priority: is missing"),
        ("ivr,survey,0", "Priority: '0' is not allowed; allowed is 1 to 65535"),
        ("ivr,survey,label", "Priority: 'label' is not allowed"),
        ("ivr,survey,1,2", "redirect: 4 parts are too many; allowed is exten, or"),
        ("ivr&x,survey", "Context: has the character '&'"),
        ("sur\nvey", "Exten: has the control character U+000A"),
    ];
    for (value, reason) in table {
        let why = redirected(value, &PLACE).expect_err(value).to_string();
        assert!(why.starts_with(reason), "{value}: {why}");
    }
    let other_mode = Place { may_redirect: false, ..PLACE };
    for value in ["survey", ""] {
        let why = redirected(value, &other_mode).expect_err(value).to_string();
        assert!(
            why.starts_with("redirect: can be set in calls of a plan with DialMode 5"),
            "{why}"
        );
    }
}

#[test]
fn outcomes_are_set_by_name() {
    for disposition in Disposition::ALL {
        let patch = written("disposition", disposition.name()).expect("a disposition");
        assert_eq!(patch.disposition, Change::Set(disposition));
        assert_eq!(patch.call_back_at, Change::Keep);
    }
    let patch = written(" CALL_BACK_AT ", " +90 ").expect("a time");
    assert_eq!(patch.call_back_at, Change::Set(CallBackTime::In(Duration::from_secs(90))));
    assert_eq!(written("disposition", "").map(|patch| patch.disposition), Ok(Change::Clear));
    let table = [
        ("disposition", "maybe", "Disposition: 'maybe' is not allowed; allowed is answered, "),
        ("disposition", "Answered", "Disposition: 'Answered' is not allowed"),
        ("call_back_at", "tomorrow", "CallBackAt: 'tomorrow' is not allowed; allowed is +SECONDS"),
        ("name", "x", "name cannot be set; what can be is disposition, call_back_at, "),
        ("colour", "x", "there is no field 'colour'; allowed are disposition, call_back_at, "),
        ("", "x", "there is no field ''"),
    ];
    for (name, value, reason) in table {
        let why = written(name, value).expect_err(name).to_string();
        assert!(why.starts_with(reason), "{name}: {why}");
    }
}
