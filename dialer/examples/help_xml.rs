//! Prints the module's documentation for Asterisk's documentation folder. Used
//! by `make install`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(dialer::surface::help::xml().as_bytes())
}
