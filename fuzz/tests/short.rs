//! A short run of every target, with the memory and the time that a long one has.

use std::path::Path;
use std::time::Duration;

use locvtp_fuzz::targets::ALL;
use locvtp_fuzz::watch::{Cases, watched};

#[test]
fn a_short_run_of_every_target_finds_nothing() {
    let program = Path::new(env!("CARGO_BIN_EXE_locvtp-fuzz"));
    let cases = Cases { first: 0, count: 200, time: Duration::from_secs(300) };
    for &target in ALL {
        let outcome = watched(program, target, cases);
        assert!(outcome.finds.is_empty(), "{}: {:#?}", target.name, outcome.finds);
        assert_eq!(outcome.cases, cases.count, "{}", target.name);
    }
}
