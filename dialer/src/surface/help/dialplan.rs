//! Help of the application and the function of the dialplan, made from their
//! own tables of arguments and fields.

use super::{parameter, Xml, LANGUAGE, MODULE};
use crate::surface::dialplan::{
    Word, APPLICATION, ARGUMENTS, DETAIL, FIELDS, FUNCTION, STATUS, VARIABLES,
};
use std::fmt::Write;

pub const APPLICATION_SYNOPSIS: &str = "Put a target into a dial list.";

const APPLICATION_DESCRIPTION: [&str; 4] = [
    "Does what the manager action OutDlListCreate does, with the same rules for values.",
    "Numbers and variables are separated by colons. What stands in double quotes or behind a \
     backslash is plain text: \"sip:100@example.com\", O\\:Hara. Blanks around an argument, number \
     or variable do not count, unless they are protected so.",
    "Sets OUTSTATUS to SUCCESS and OUTDETAIL to the target's uuid, or OUTSTATUS to FAILURE and \
     OUTDETAIL to the reason. It never ends the call.",
    "Example: OutDlCreate(${DLMA},301:302,Bea,,,key-7,LANG=de)",
];

pub const FUNCTION_SYNOPSIS: &str =
    "Show what a call of the outbound dialer belongs to, and set what became of it.";

const FUNCTION_DESCRIPTION: [&str; 6] = [
    "Can be used on the channel that the dialer has dialled, whoever runs its dialplan. On other \
     channels it is empty, with a warning.",
    "What is shown is the call's own copy: later changes of campaign, plan or target do not touch \
     it. disposition, call_back_at and redirect can be set. The result, the events and the retries \
     follow the first two; the result also keeps what the network said (network_disposition). They \
     are kept even if Asterisk is killed right after.",
    "call_back: the number that was reached is dialled again after RetryDelay, or at call_back_at, \
     also if all its tries are used, and before other targets. do_not_call: the target is never \
     dialled again, by any campaign. answered: the target is done. Others: the target is tried \
     again as after such a call. answered and machine count only if the call was answered.",
    "redirect: when the destination's application has returned or its dialplan has run out, and \
     nobody has hung up (also not by Hangup()), the call goes on at that extension, on the same \
     channel. The extension has to exist by then; otherwise it is logged and the call is \
     hung up. A call that goes to a safe harbour leaves its redirect behind.",
    "Setting a field sets OUTSTATUS to SUCCESS, or to FAILURE and OUTDETAIL to the reason.",
    "Example: Set(OUTBOUND(call_back_at)=+3600)",
];

/// What `core show application` prints.
pub fn application_text() -> String {
    let mut text = format!("Syntax: {}\n\n", application_syntax());
    text.push_str(&table(ARGUMENTS.iter().chain([&VARIABLES]).map(|word| (word.name, word.text))));
    text.push('\n');
    text.push_str(&APPLICATION_DESCRIPTION.join("\n\n"));
    text
}

fn application_syntax() -> String {
    let required = ARGUMENTS[..2].iter().map(|word| word.name).collect::<Vec<_>>().join(",");
    let optional = ARGUMENTS[2..].iter().chain([&VARIABLES]).map(|word| word.name);
    let optional: Vec<_> = optional.collect();
    let closing = "]".repeat(optional.len());
    format!("{APPLICATION}({required}[,{}{closing})", optional.join("[,"))
}

pub fn function_syntax() -> String {
    format!("{FUNCTION}(field)")
}

/// The fields, as `core show function` prints them.
pub fn function_arguments() -> String {
    table(FIELDS.iter().map(|field| (field.word.name, field.word.text)))
}

pub fn function_text() -> String {
    FUNCTION_DESCRIPTION.join("\n\n")
}

fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> String {
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for (name, text) in rows {
        // Writing to a String does not fail.
        let _ = writeln!(table, "{name:<width$}  {text}");
    }
    table
}

pub(super) fn application_xml(xml: &mut Xml) {
    xml.open("application", &[("name", APPLICATION), LANGUAGE, MODULE]);
    xml.leaf("synopsis", APPLICATION_SYNOPSIS);
    xml.open("syntax", &[]);
    let [list, numbers, optional @ ..] = ARGUMENTS;
    parameter(xml, &[("name", list.name), ("required", "yes")], list.text);
    repeated(xml, numbers, "yes", ["number1", "number2"]);
    for word in optional {
        parameter(xml, &[("name", word.name), ("required", "no")], word.text);
    }
    repeated(xml, VARIABLES, "no", ["var1=val1", "var2=val2"]);
    xml.close("syntax");
    description(xml, &APPLICATION_DESCRIPTION);
    xml.open("variablelist", &[]);
    let said = [(STATUS, "SUCCESS or FAILURE."), (DETAIL, "The target's uuid, or the reason.")];
    for (name, text) in said {
        xml.open("variable", &[("name", name)]);
        xml.leaf("para", text);
        xml.close("variable");
    }
    xml.close("variablelist");
    xml.close("description");
    xml.close("application");
}

/// An argument of parts that are separated by colons.
fn repeated(xml: &mut Xml, word: Word, required: &str, parts: [&str; 2]) {
    let name = word.name.split('[').next().unwrap_or(word.name);
    xml.open("parameter", &[("name", name), ("required", required), ("argsep", ":")]);
    xml.leaf("para", word.text);
    for (part, attributes) in parts.into_iter().zip([&[("required", required)][..], &[]]) {
        let attributes = [&[("name", part)], attributes].concat();
        xml.open("argument", &attributes);
        xml.close("argument");
    }
    xml.close("parameter");
}

pub(super) fn function_xml(xml: &mut Xml) {
    xml.open("function", &[("name", FUNCTION), LANGUAGE, MODULE]);
    xml.leaf("synopsis", FUNCTION_SYNOPSIS);
    xml.open("syntax", &[]);
    xml.open("parameter", &[("name", "field"), ("required", "yes")]);
    xml.open("enumlist", &[]);
    for field in FIELDS {
        xml.open("enum", &[("name", field.word.name)]);
        xml.leaf("para", field.word.text);
        xml.close("enum");
    }
    xml.close("enumlist");
    xml.close("parameter");
    xml.close("syntax");
    description(xml, &FUNCTION_DESCRIPTION);
    xml.close("description");
    xml.close("function");
}

/// Opens a description and leaves it open for more.
fn description(xml: &mut Xml, paragraphs: &[&str]) {
    xml.open("description", &[]);
    for paragraph in paragraphs {
        xml.leaf("para", paragraph);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_is_that_of_the_contract() {
        assert_eq!(
            application_syntax(),
            "OutDlCreate(dlma_uuid,number1[:number2[:...]][,name[,detail[,email[,ukey\
             [,var1=val1[:var2=val2[:...]]]]]]])"
        );
    }

    #[test]
    fn texts_name_every_word() {
        let (application, function) = (application_text(), function_arguments());
        for word in ARGUMENTS.iter().chain([&VARIABLES]) {
            assert!(application.contains(&format!("\n{} ", word.name)), "{application}");
        }
        for field in FIELDS {
            assert!(format!("\n{function}").contains(&format!("\n{} ", field.word.name)));
        }
    }

    #[test]
    fn the_file_has_every_word() {
        let xml = super::super::xml();
        assert!(xml.contains("<application name=\"OutDlCreate\" language=\"en_US\""), "{xml}");
        assert!(xml.contains("<function name=\"OUTBOUND\" language=\"en_US\""), "{xml}");
        for field in FIELDS {
            assert!(xml.contains(&format!("<enum name=\"{}\">", field.word.name)), "{xml}");
        }
    }
}
