//! What is said of a file or a model that is not where it was looked for: what lies there, and what
//! to type.

use std::io::{Error, ErrorKind};
use std::path::Path;

use locvtp_train::shell_words::quoted;
use locvtp_train::{RunFolder, did_you_mean};
use locvtp_transfer::locate_model;
use locvtp_video::plain_file;

use crate::{command_line, hub_cache};

/// What is said of every file and folder that is not there.
pub(crate) fn does_not_exist(path: &Path, way_out: &str) -> String {
    format!("{}: does not exist; {way_out}", path.display())
}

/// What is said of a file or folder that cannot be read.
pub(crate) fn reading(path: &Path) -> impl FnOnce(Error) -> anyhow::Error {
    move |error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(does_not_exist(path, "check the path")),
        _ => anyhow::Error::from(error).context(format!("{}: cannot be read", path.display())),
    }
}

/// The reason why `dir` holds no model that can be used, and the way out.
pub(crate) fn no_model(dir: &Path) -> String {
    let name = dir.display();
    if let Some(name) = dir.to_str().and_then(|name| name.strip_prefix(hub_cache::PREFIX)) {
        let out = format!("models/{}", name.rsplit('/').next().unwrap_or(name));
        let get = command(&["model", "get", &format!("hub:{name}"), "--out", &out]);
        return format!(
            "hub:{name} is a name on the Hugging Face hub, and a folder is expected; fetch it:\n  \
             {get}\nand then give --model {}",
            quoted(&out)
        );
    }
    if dir.is_file() {
        return format!("{name}: is a file; give the folder that it lies in");
    }
    if !dir.exists() {
        let has_model = |path: &Path| locate_model(path).join("config.json").is_file();
        let beside = did_you_mean(dir, "a model", has_model);
        let made = made_by_demo(dir);
        // Where nothing else is known.
        let beside = match beside.as_str() {
            "." if made.is_empty() => "; check the path",
            beside => beside,
        };
        return format!("{name}: does not exist{beside}{made}");
    }
    let run = [dir.to_owned(), dir.join("run")].into_iter().find(|run| RunFolder::was_begun(run));
    if let Some(run) = run {
        let file = run.join("run.toml");
        let (file, run) = (file.display().to_string(), run.display().to_string());
        let go_on = command(&["pretrain", &file, "--run", &run, "--resume"]);
        return format!(
            "{name}: its run is not finished, so there is no model yet. Go on with it:\n  {go_on}\nor \
             give one of the folders in {run}/checkpoints"
        );
    }
    if dir.join("corpus").is_dir() {
        let demo = command(&["demo", "--out", &name.to_string()]);
        return format!(
            "{name}: the demo is not finished, so there is no model yet. Go on with it:\n  {demo}"
        );
    }
    format!(
        "{name}: no model is here; give a folder with config.json and model.safetensors, or a run folder \
         whose run is finished"
    )
}

/// What is said of a model directory that is there and cannot be read, before the reason.
pub(crate) fn unreadable_model(place: &Path) -> String {
    let name = place.display();
    let config = plain_file::read_text(&place.join("config.json")).unwrap_or_default();
    if config.contains("\"locvtp\"") {
        return format!("{name}: the model cannot be read");
    }
    let name = name.to_string();
    let import = command(&["weights", "import", "--from", &name, "--out", "models/mine"]);
    format!("{name}: is not a model of this program. If it is another's, import it ({import})")
}

fn command(arguments: &[&str]) -> String {
    command_line::command(arguments.iter().copied())
}

/// Where the demo writes when nothing else is said, and what the examples and the task files take.
const DEMO_FOLDER: &str = "demo-run";

/// What is said besides where something of the demo's is missing.
fn made_by_demo(path: &Path) -> &'static str {
    if path.starts_with(DEMO_FOLDER) {
        " The demo makes it: type scripts/demo, or locvtp demo (about ten minutes)"
    } else {
        ""
    }
}

/// A hint for an error that names a file in the demo's folder, when there is no such folder.
pub(crate) fn demo_hint(error: &str) -> Option<String> {
    let names_it = error.split(|c: char| c.is_whitespace() || "\"'`(),:;".contains(c));
    let names_it = names_it.map(Path::new).any(|path| path.starts_with(DEMO_FOLDER));
    (names_it && !error.contains("scripts/demo") && !Path::new(DEMO_FOLDER).exists()).then(|| {
        format!(
            "{DEMO_FOLDER}/ is not here. The demo makes it: type scripts/demo, or locvtp demo (about ten \
             minutes), in this folder"
        )
    })
}
