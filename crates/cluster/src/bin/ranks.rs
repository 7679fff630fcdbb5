//! What the tests and the bench of this crate start under mpirun: one rank that does what its arguments say.
//!
//! ```text
//! locvtp-ranks exchanges               every exchange at many sizes, checked; prints a hash of the sums' bits
//! locvtp-ranks letters                 letters of all sizes to rank 0, while that works
//! locvtp-ranks time MIB TIMES [mpi]    seconds of a sum of so many MiB, by this crate or by MPI_Allreduce
//! locvtp-ranks WHAT [ARGUMENT]         one way to end; see `ways_to_end`
//! ```
//! `LOCVTP_RANKS_WATCHDOG` is the watchdog's limit in seconds.

#![expect(clippy::print_stdout, reason = "its output is what the tests and the bench read")]
#![expect(clippy::unwrap_used, reason = "a rank that fails shall panic")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use locvtp_cluster::{
    ClusterError, Communicator, Course, Fact, Settings, agree, claim_folder, run, same_on_all,
};
use mpi::traits::CommunicatorCollectives;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seconds = std::env::var("LOCVTP_RANKS_WATCHDOG").map_or(Ok(100), |text| text.parse())?;
    let settings = Settings { watchdog: Some(Duration::from_secs(seconds)), ..Settings::default() };
    if arguments == ["other thread"] {
        std::thread::scope(|scope| {
            scope.spawn(|| run(&settings, |_| Ok::<_, ClusterError>(()))).join().unwrap()
        })?;
        return Ok(());
    }
    run(&settings, |ranks| match arguments[..] {
        ["exchanges"] => exchanges(ranks),
        ["letters"] => letters(ranks),
        ["time", mib, times] => time(ranks, mib.parse()?, times.parse()?, false),
        ["time", mib, times, "mpi"] => time(ranks, mib.parse()?, times.parse()?, true),
        [what] => ways_to_end(ranks, what, ""),
        [what, argument] => ways_to_end(ranks, what, argument),
        _ => Err("see the head of ranks.rs".into()),
    })
}

/// A number of a rank; of many sizes, so that another order of adding gives other bits.
fn number(rank: usize, place: usize) -> f32 {
    let mixed = (rank * 1_000_003 + place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let size = f32::powi(10.0, (mixed % 7) as i32 - 3);
    (mixed as f32 / u32::MAX as f32 - 0.5) * size
}

fn exchanges(ranks: &dyn Communicator) -> Result<()> {
    let (me, num_ranks) = (ranks.rank().index(), ranks.rank().world_size());
    let mut hash = 0_u64;
    for len in [0, 1, 3, 2047, 2049, 131_072, 393_217, 2_000_003] {
        let mut single: Vec<f32> = (0..len).map(|i| number(me, i)).collect();
        let mut double: Vec<f64> = single.iter().map(|&value| f64::from(value)).collect();
        ranks.sum_f32(&mut single)?;
        ranks.sum_f64(&mut double)?;
        for i in 0..len {
            let in_order = |sum: f32, rank| sum + number(rank, i);
            assert_eq!(single[i], (1..num_ranks).fold(number(0, i), in_order), "{i} of {len}");
            let exact: f64 = (0..num_ranks).map(|rank| f64::from(number(rank, i))).sum();
            assert!((double[i] - exact).abs() < 1e-9, "{i} of {len}");
            hash = (hash ^ u64::from(single[i].to_bits())).wrapping_mul(0x100_0000_01B3);
        }
    }
    for width in [1, 5, 256] {
        // Rank 0 has none, the last the most.
        let count = |rank: usize| rank * 37;
        let rows: Vec<f32> = (0..count(me) * width).map(|i| number(me, i)).collect();
        let all = ranks.gather_rows(&rows, width)?;
        for (rank, rows) in all.rows.iter().enumerate() {
            assert_eq!(rows.len(), count(rank));
            let values = &all.values[rows.start * width..rows.end * width];
            assert!(values.iter().enumerate().all(|(i, value)| *value == number(rank, i)));
        }
    }
    // More than one message.
    let many: Vec<u8> = (0..(1 << 24) + 5).map(|i| (i % 251) as u8 + me as u8).collect();
    for (rank, bytes) in
        ranks.gather_bytes(if me == 1 { &many } else { b"few" })?.iter().enumerate()
    {
        assert!(if rank == 1 { bytes.len() == many.len() } else { bytes == b"few" });
        assert!(
            rank != 1 || bytes.iter().enumerate().all(|(i, byte)| *byte == (i % 251) as u8 + 1)
        );
    }
    let hashes = ranks.gather_bytes(&hash.to_le_bytes())?;
    assert!(hashes.iter().all(|other| *other == hash.to_le_bytes()), "{hashes:?}");
    if me == 0 {
        println!("{num_ranks} ranks, sums {hash:016x}");
    }
    Ok(())
}

/// Every rank sends rank 0 more than may be on its way, and gets an answer to each.
fn letters(ranks: &dyn Communicator) -> Result<()> {
    let (me, num_ranks) = (ranks.rank().index(), ranks.rank().world_size());
    let sizes = [0, 1, 5000, 300_000, (1 << 24) - 1, 1 << 24, (1 << 24) + 1, 65 << 20, 2];
    let letter = |rank: usize, size: usize| -> Vec<u8> {
        (0..size).map(|i| (i % 251) as u8 ^ rank as u8).collect()
    };
    if me == 0 {
        let mut next = vec![0; num_ranks];
        while next[1..].iter().any(|&next| next < sizes.len()) {
            std::thread::sleep(Duration::from_millis(3));
            while let Some(got) = ranks.received(None) {
                let place = next[got.from];
                next[got.from] += 1;
                assert!(got.bytes == letter(got.from, sizes[place]), "{place} of {}", got.from);
                ranks.send(got.from, vec![place as u8]);
            }
        }
        println!("{num_ranks} ranks, {} letters each", sizes.len());
    } else {
        sizes.iter().for_each(|&size| ranks.send(0, letter(me, size)));
        for place in 0..sizes.len() {
            let got = std::iter::repeat_with(|| ranks.received(Some(0))).flatten().next().unwrap();
            assert_eq!((got.from, got.bytes), (0, vec![place as u8]));
        }
    }
    Ok(())
}

fn ways_to_end(ranks: &dyn Communicator, what: &str, argument: &str) -> Result<()> {
    let is_last = ranks.rank().index() + 1 == ranks.rank().world_size();
    let mut values = vec![1.0; 100_000];
    ranks.sum_f32(&mut values)?;
    match what {
        "error" if is_last => return Err("the disk is full".into()),
        "panic" if is_last => panic!("not a number"),
        "panic of a thread" if is_last => {
            let panicked = std::thread::spawn(|| panic!("not a number")).join();
            std::panic::resume_unwind(panicked.unwrap_err());
        }
        "exit" if is_last => std::process::exit(0),
        "done too early" if is_last => return Ok(()),
        "hang" if is_last => loop {
            std::thread::park();
        },
        "elsewhere" if is_last => drop(ranks.gather_rows(&values, 10)?),
        "other length" if is_last => ranks.sum_f32(&mut values[1..])?,
        "other text" => {
            let text = if is_last { "steps = 2" } else { "steps = 3" };
            let facts = [Fact::shown("version", "1"), Fact::hashed("run file", text.as_bytes())];
            same_on_all(ranks, &[&facts[..], &[Fact::program()?]].concat())?;
        }
        "not well" | "stop" => return until_agreed(ranks, what, is_last),
        "folder" => return hold_folder(ranks, Path::new(argument)),
        _ => {}
    }
    // For ever, until another rank or a signal ends it.
    loop {
        ranks.sum_f32(&mut values)?;
        values.fill(1.0);
        tell_where(ranks, argument)?;
    }
}

fn until_agreed(ranks: &dyn Communicator, what: &str, is_last: bool) -> Result<()> {
    for step in 0.. {
        let own = match what {
            "not well" if is_last && step == 3 => Err("clip.mp4: cannot be read".into()),
            "stop" if is_last && step == 3 => Ok(Course::Stop),
            _ => Ok(Course::GoOn),
        };
        let mut counts = [1.0, step as f64];
        let course = agree(ranks, own, &mut counts)?;
        let num_ranks = ranks.rank().world_size() as f64;
        assert_eq!(counts, [num_ranks, num_ranks * step as f64]);
        if course == Course::Stop {
            println!("rank {} stopped at {step}", ranks.rank().index());
            break;
        }
    }
    Ok(())
}

/// Holds the folder until a file `go` is in it.
fn hold_folder(ranks: &dyn Communicator, folder: &Path) -> Result<()> {
    let _lock = claim_folder(ranks, folder)?;
    println!("claimed");
    while !folder.join("go").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Leaves this process's number in the folder, once it is at work.
fn tell_where(ranks: &dyn Communicator, folder: &str) -> Result<()> {
    let file = Path::new(folder).join(ranks.rank().index().to_string());
    if !folder.is_empty() && !file.exists() {
        let beside = file.with_extension("new");
        std::fs::write(&beside, std::process::id().to_string())?;
        std::fs::rename(beside, file)?;
    }
    Ok(())
}

fn time(ranks: &dyn Communicator, mib: f64, times: usize, by_mpi: bool) -> Result<()> {
    let mut values = vec![1.0_f32; (mib * (1 << 18) as f64) as usize];
    let mut sums = values.clone();
    let world = mpi::topology::SimpleCommunicator::world();
    let mut seconds = Vec::new();
    for _ in 0..times + 2 {
        values.fill(1.0);
        ranks.sum_f64(&mut [0.0])?;
        let began = Instant::now();
        if by_mpi {
            world.all_reduce_into(
                &values[..],
                &mut sums[..],
                mpi::collective::SystemOperation::sum(),
            );
        } else {
            ranks.sum_f32(&mut values)?;
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    if ranks.rank().index() == 0 {
        let body = if by_mpi { "MPI_Allreduce" } else { "ours" };
        // The first two touch memory for the first time.
        seconds.drain(..2);
        seconds.sort_by(f64::total_cmp);
        let (least, median) = (seconds[0] * 1e3, seconds[times / 2] * 1e3);
        let num_ranks = ranks.rank().world_size();
        println!(
            "{{\"body\": \"{body}\", \"ranks\": {num_ranks}, \"mib\": {mib}, \"median_ms\": {median:.3}, \
             \"least_ms\": {least:.3}}}"
        );
    }
    Ok(())
}
