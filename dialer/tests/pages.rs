//! Long lists of targets on the wire: read piece by piece, whole and in order.

mod bench;

use bench::desk::Desk;

fn act(desk: &Desk, headers: &[(&str, &str)]) -> String {
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    desk.act(&headers).0
}

/// The values of a header in what a client got.
fn values<'a>(came: &'a str, name: &str) -> Vec<&'a str> {
    came.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[test]
fn pages_have_no_gaps_and_no_repeats() {
    let desk = Desk::new();
    let made = act(&desk, &[("Action", "OutDlmaCreate")]);
    let list = values(&made, "Uuid")[0].to_owned();
    let mut numbers = Vec::new();
    for number in 1_000..2_234 {
        numbers.push(number.to_string());
        let number = number.to_string();
        let create = [("Action", "OutDlListCreate"), ("DlmaUuid", &list), ("Number1", &number)];
        act(&desk, &create);
    }
    let show = [("Action", "OutDlListShow"), ("DlmaUuid", list.as_str())];
    for count in [1_234, 5_000, 1_000, 500, 499, 1, 0] {
        let most = count.to_string();
        let came = act(&desk, &[&show[..], &[("Count", &most)]].concat());
        let wanted = &numbers[..count.min(numbers.len())];
        assert_eq!(values(&came, "Number1"), wanted, "{count}");
        assert_eq!(values(&came, "ListItems"), [wanted.len().to_string()], "{count}");
    }
    // A target that goes away between two pages takes no other one with it.
    let first = act(&desk, &[&show[..], &[("Count", "700")]].concat());
    let last = (*values(&first, "Uuid").last().expect("an entry")).to_owned();
    act(&desk, &[("Action", "OutDlListDelete"), ("Uuid", &last)]);
    let rest = act(&desk, &[&show[..], &[("Count", "9999"), ("After", &last)]].concat());
    assert_eq!(values(&rest, "Number1"), &numbers[700..]);
}
