//! What the project is built from is what `deny.toml` allows: licences, sources, and one version of each.
//!
//! `cargo deny` reads the same file and looks up advisories besides; this needs nothing installed and no network.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

#[path = "support/not_run.rs"]
mod not_run;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> toml::Table {
    std::fs::read_to_string(repository().join("deny.toml")).unwrap().parse().unwrap()
}

fn texts(list: &toml::Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// A package that is built, of ours or another.
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// The packages that a build with all features takes, tests included; none where some are not here.
fn built() -> Option<Vec<Package>> {
    let rules = rules();
    let target = rules["graph"]["targets"][0].as_str().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    // What is built is known to `tree` alone; a lock file and `metadata` hold what might be, too.
    let asked = Command::new(cargo)
        .args([
            "tree",
            "--workspace",
            "--all-features",
            "--offline",
            "--locked",
            "--target",
            target,
        ])
        .args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(repository())
        .output()
        .unwrap();
    if !asked.status.success() {
        not_run::not_run(String::from_utf8_lossy(&asked.stderr).trim());
        return None;
    }
    let told = String::from_utf8(asked.stdout).unwrap();
    let lines: BTreeSet<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let package = |line: &str| {
        let (package, licence) = line.split_once('|').unwrap();
        let (name, behind) = package.split_once(" v").unwrap();
        let version = behind.split(' ').next().unwrap();
        let licence = licence.trim_end_matches(" (*)");
        Package { name: name.into(), version: version.into(), licence: licence.into() }
    };
    let packages: Vec<Package> = lines.into_iter().map(package).collect();
    assert!(packages.len() > 100, "{} packages", packages.len());
    Some(packages)
}

/// Whether an SPDX expression is met by licences of the list.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&words, &mut at, allowed);
    assert_eq!(at, words.len(), "{expression} is not understood");
    met
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let word = words[*at];
    *at += 1;
    if word == "(" {
        let met = any_of(words, at, allowed);
        assert_eq!(words.get(*at), Some(&")"), "{words:?}");
        *at += 1;
        return met;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
        return allowed.contains(format!("{word} WITH {}", words[*at - 1]).as_str());
    }
    allowed.contains(word)
}

#[test]
fn a_licence_is_read_with_its_or_its_and_and_its_exceptions() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]);
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "(GPL-3.0 OR MIT) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(met, &allowed), "{met}");
    }
    for not in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR Unicode-3.0) AND GPL-3.0"] {
        assert!(!is_allowed(not, &allowed), "{not}");
    }
}

#[test]
fn every_package_has_a_licence_that_is_allowed() {
    let Some(built) = built() else { return };
    let rules = rules();
    let allowed = texts(&rules["licenses"]["allow"]);
    let wrong: Vec<String> = built
        .iter()
        .filter(|package| package.licence.is_empty() || !is_allowed(&package.licence, &allowed))
        .map(|Package { name, version, licence }| format!("{name} {version}: {licence:?}"))
        .collect();
    assert!(wrong.is_empty(), "allow it in deny.toml, or use another:\n{}", wrong.join("\n"));
}

#[test]
fn a_package_in_two_versions_is_named_with_the_reason() {
    let Some(built) = built() else { return };
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &built {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let rules = rules();
    let skipped = rules["bans"]["skip"].as_array().unwrap();
    let named: BTreeSet<&str> = skipped
        .iter()
        .map(|skip| {
            assert!(skip["reason"].as_str().is_some_and(|why| !why.is_empty()), "{skip}");
            skip["crate"].as_str().unwrap()
        })
        .collect();
    let doubled: BTreeSet<&str> = versions.keys().copied().collect();
    let unnamed: Vec<_> = doubled.difference(&named).map(|it| (it, &versions[it])).collect();
    let single: Vec<_> = named.difference(&doubled).collect();
    assert!(
        unnamed.is_empty() && single.is_empty(),
        "in deny.toml, bans.skip: not named: {unnamed:?}; not doubled any more: {single:?}"
    );
}

#[test]
fn what_is_downloaded_comes_from_a_registry_that_is_allowed_and_is_held_to_a_check_sum() {
    let lock = std::fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let rules = rules();
    let registries = texts(&rules["sources"]["allow-registry"]);
    for package in lock["package"].as_array().unwrap() {
        // Those without a source lie in this repository.
        let Some(source) = package.get("source") else { continue };
        let registry = source.as_str().unwrap().strip_prefix("registry+");
        assert!(
            registry.is_some_and(|it| registries.contains(it)),
            "{}: {source}",
            package["name"]
        );
        assert!(package.get("checksum").is_some(), "{}", package["name"]);
    }
}
