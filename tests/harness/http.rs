//! The least of an HTTP client: one request, one answer, connection closed.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::Outcome;

const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// The session that a login over HTTP gave us, as a `Cookie` header.
    pub fn session(&self) -> Option<String> {
        let cookie = self.header("Set-Cookie")?;
        cookie.split(';').next().map(|pair| pair.trim().to_owned())
    }
}

pub fn get(port: u16, path: &str, cookie: Option<&str>) -> Outcome<Answer> {
    request(port, "GET", path, cookie, "")
}

pub fn request(
    port: u16,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: &str,
) -> Outcome<Answer> {
    let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n"));
    let form = if method == "POST" { FORM } else { "" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}{form}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = exchange().map_err(|error| format!("{method} {path}: {error}"))?;
    parse(&bytes).ok_or_else(|| format!("{method} {path}: not an HTTP answer"))
}

/// What a body of ours is.
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// An AMI action over HTTP whose headers may be any bytes of any length.
pub fn post_rawman(port: u16, cookie: &str, headers: &[(Vec<u8>, Vec<u8>)]) -> Outcome<Answer> {
    let pairs: Vec<String> =
        headers.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    request(port, "POST", "/rawman", Some(cookie), &pairs.join("&"))
}

/// The path of an AMI action over HTTP (`/rawman?…`).
pub fn rawman(headers: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name.as_bytes()), escape(value.as_bytes())))
        .collect();
    format!("/rawman?{}", pairs.join("&"))
}

fn escape(text: &[u8]) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => (byte as char).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.iter().copied().map(one).collect()
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: body.to_owned() };
    let encoding = answer.header("Transfer-Encoding").unwrap_or("");
    if encoding.eq_ignore_ascii_case("chunked") {
        answer.body = unchunk(body)?;
    }
    Some(answer)
}

fn unchunk(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n")?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.push_str(rest.get(..length)?);
        body = rest.get(length + 2..)?;
    }
}
