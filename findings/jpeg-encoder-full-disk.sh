#!/bin/sh
# One would guess: an encoder that writes a file by itself says so when the disk takes no more.
# Seen: jpeg-encoder's `Encoder::new_file` writes through a buffer that is dropped and never flushed, so
# what the last write came to is lost. A picture that fits into the buffer (8 KiB: most thumbnails) is
# `Ok` and has no bytes on a full disk; a larger one fails as it should. Encoding into memory, and
# writing that, tells of both.
# Seen 2026-11-29: jpeg-encoder 0.6.1 and 0.7.0, Linux (its /dev/full is a disk without space).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > src/main.rs <<'RS'
use jpeg_encoder::{ColorType, Encoder};

fn encoded(side: u16) -> bool {
    let noise: Vec<u8> = (0..usize::from(side) * usize::from(side) * 3).map(|at| (at * at / 7) as u8).collect();
    let encoder = Encoder::new_file("/dev/full", 80).unwrap();
    let done = encoder.encode(&noise, side, side, ColorType::Rgb);
    println!("  {side} x {side}: {done:?}");
    done.is_ok()
}

fn main() {
    assert!(encoded(32), "this has changed: a small picture on a full disk is an error");
    assert!(!encoded(512), "this has changed: a large picture on a full disk is none");
}
RS
for version in 0.6.1 0.7.0; do
  cat > Cargo.toml <<TOML
[package]
name = "full"
version = "0.0.0"
edition = "2021"

[dependencies]
jpeg-encoder = "=$version"
TOML
  echo "jpeg-encoder $version"
  rm -f Cargo.lock
  cargo run --quiet
done
