//! An explanation for people.

use super::setting::{DefaultValue, Setting};

/// The explanation of `key`: what is known of it in every kind of file, and the keys below it, those of
/// different files apart.
pub(super) fn explained(key: &str, found: &[&Setting], width: usize) -> String {
    let mut lines = Vec::new();
    for files in files_alike(key, found) {
        let here = || found.iter().copied().filter(|setting| files.contains(&&*setting.file));
        for same in merged(here().filter(|setting| setting.key == key)) {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(one(&same, width));
        }
        let below: Vec<&Setting> = here().filter(|setting| setting.key != key).collect();
        if !below.is_empty() {
            if lines.is_empty() {
                lines.push(format!("{key}, in {}", places(&below[..1])));
            }
            lines.push("  keys:".to_owned());
            lines.extend(list(&below, width));
        }
    }
    lines.join("\n")
}

/// The kinds of files with `key`, those together that have the same keys below it.
fn files_alike<'a>(key: &str, found: &[&'a Setting]) -> Vec<Vec<&'a str>> {
    let mut groups: Vec<(Vec<&str>, Vec<&'a str>)> = Vec::new();
    let mut files: Vec<&'a str> = Vec::new();
    for setting in found {
        if !files.contains(&&*setting.file) {
            files.push(&setting.file);
        }
    }
    for file in files {
        let keys = found.iter().filter(|setting| setting.file == file && setting.key != key);
        let keys: Vec<&str> = keys.map(|setting| setting.key.as_str()).collect();
        match groups.iter_mut().find(|(others, _)| *others == keys) {
            Some((_, files)) => files.push(file),
            None => groups.push((keys, vec![file])),
        }
    }
    groups.into_iter().map(|(_, files)| files).collect()
}

/// All keys of all files, with the beginning of what is said of each.
pub(super) fn all_keys(settings: &[Setting], width: usize) -> String {
    let part = |title: &str, is_of: &dyn Fn(&str) -> bool| {
        let of: Vec<&Setting> = settings.iter().filter(|setting| is_of(&setting.file)).collect();
        format!("{title}\n{}", list(&of, width).join("\n"))
    };
    let mut parts = vec![part("Run files, for `locvtp pretrain`:", &|file| file == "run file")];
    parts.push("Task files, for `locvtp transfer`:".to_owned());
    parts.extend(by_tasks(settings).into_iter().map(|(tasks, of)| {
        let lines = wrapped(&format!("of {}:", tasks.join(", ")), "  ", width);
        format!("{}\n{}", lines.join("\n"), list(&of, width).join("\n"))
    }));
    parts
        .push(part("Settings of a synthetic corpus, for `locvtp synthesize --config`:", &|file| {
            file.starts_with("settings")
        }));
    parts.push("`locvtp explain KEY` tells all of a key.".to_owned());
    parts.join("\n\n")
}

/// The keys of task files, those together that stand in files of the same tasks.
fn by_tasks(settings: &[Setting]) -> Vec<(Vec<&str>, Vec<&Setting>)> {
    let mut keys: Vec<(&Setting, Vec<&str>)> = Vec::new();
    for setting in settings {
        let Some(task) = setting.file.strip_prefix("task file of ") else { continue };
        match keys.iter_mut().find(|(first, _)| first.key == setting.key) {
            Some((_, tasks)) if tasks.contains(&task) => {}
            Some((_, tasks)) => tasks.push(task),
            None => keys.push((setting, vec![task])),
        }
    }
    let mut groups: Vec<(Vec<&str>, Vec<&Setting>)> = Vec::new();
    for (setting, tasks) in keys {
        match groups.iter_mut().find(|group| group.0 == tasks) {
            Some(group) => group.1.push(setting),
            None => groups.push((tasks, vec![setting])),
        }
    }
    // What is of most tasks comes first.
    groups.sort_by_key(|(tasks, _)| std::cmp::Reverse(tasks.len()));
    groups
}

/// The settings of one key that are the same but for where they stand.
fn merged<'a>(settings: impl Iterator<Item = &'a Setting>) -> Vec<Vec<&'a Setting>> {
    let mut groups: Vec<Vec<&Setting>> = Vec::new();
    for setting in settings {
        let is_same = |group: &&mut Vec<&Setting>| {
            let first = group[0];
            let elsewhere = Setting {
                file: first.file.clone(),
                only_with: first.only_with.clone(),
                ..setting.clone()
            };
            elsewhere == *first
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(setting),
            None => groups.push(vec![setting]),
        }
    }
    groups
}

/// One setting, wherever it stands.
fn one(same: &[&Setting], width: usize) -> Vec<String> {
    let first = same[0];
    let mut lines = vec![format!("{}, in {}", first.key, places(same))];
    for paragraph in first.description.split("\n\n").filter(|text| !text.is_empty()) {
        lines.extend(wrapped(paragraph, "  ", width));
    }
    let mut kind = first.expected.clone();
    if first.is_required {
        kind += "; must be given";
    }
    match first.defaults.as_slice() {
        [] => lines.extend(wrapped(&kind, "  ", width)),
        [only] if only.when.is_empty() => {
            lines.extend(wrapped(&format!("{kind}; default {}", only.value), "  ", width));
        }
        several => {
            lines.extend(wrapped(&format!("{kind}; default:"), "  ", width));
            for (value, when) in by_value(several) {
                lines.extend(wrapped(&format!("{value} {when}"), "    ", width));
            }
        }
    }
    for named in &first.names {
        let is_told = named.meaning.is_empty() || named.meaning == first.description;
        let text = match is_told {
            true => format!("\"{}\"", named.name),
            false => format!("\"{}\": {}", named.name, named.meaning),
        };
        lines.extend(wrapped(&text, "    ", width));
    }
    lines
}

/// In which files, and with what in them: `a run file`, `task files of retrieval and steps`.
fn places(same: &[&Setting]) -> String {
    let (mut files, mut conditions): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut tasks: Vec<&str> = Vec::new();
    for setting in same {
        match setting.file.strip_prefix("task file of ") {
            Some(task) if !tasks.contains(&task) => tasks.push(task),
            Some(_) => {}
            None => {
                let article = if setting.file.starts_with("settings") { "the" } else { "a" };
                let file = format!("{article} {}", setting.file);
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        let condition = setting.only_with.join(", ");
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    if !tasks.is_empty() {
        let file = if tasks.len() == 1 { "a task file" } else { "task files" };
        files.push(format!("{file} of {}", tasks.join(", ")));
    }
    let files = files.join(" and ");
    // Where it stands in every form of its section, there is nothing to say.
    let conditions: Vec<String> =
        conditions.into_iter().filter(|condition| !condition.is_empty()).collect();
    match conditions.is_empty() {
        true => files,
        false => format!("{files}, with {}", conditions.join(" or ")),
    }
}

/// The values of a default with what a file says where they hold, those that hold together on one line.
fn by_value(defaults: &[DefaultValue]) -> Vec<(&str, String)> {
    // What a preset says first (the head) and the rest (the data set).
    let parts = |when: &str| {
        let (first, rest) = when.split_once(", ").unwrap_or((when, ""));
        (first.to_owned(), rest.to_owned())
    };
    let mut lines: Vec<(&str, String, Vec<String>)> = Vec::new();
    for default in defaults {
        let (first, rest) = parts(&default.when);
        match lines.iter_mut().find(|line| line.0 == default.value && line.1 == first) {
            Some(line) => line.2.push(rest),
            None => lines.push((&default.value, first, vec![rest])),
        }
    }
    let told = lines.into_iter().map(|(value, first, rests)| {
        let all = defaults.iter().filter(|default| parts(&default.when).0 == first).count();
        let when = match rests.as_slice() {
            _ if first.is_empty() => "in other files".to_owned(),
            rests if rests.len() == all => format!("with {first}"),
            rests => format!("with {first}, {}", alternatives(rests)),
        };
        (value, when)
    });
    told.collect()
}

/// `key = a or b or c`, of such that have one key.
fn alternatives(conditions: &[String]) -> String {
    let mut told = conditions.first().cloned().unwrap_or_default();
    let key = told.split_once(" = ").map_or(String::new(), |(key, _)| format!("{key} = "));
    for condition in conditions.iter().skip(1) {
        told += " or ";
        told += condition.strip_prefix(&key).unwrap_or(condition);
    }
    told
}

/// A line a key: the key, and the first sentence of what is said of it.
fn list(settings: &[&Setting], width: usize) -> Vec<String> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for setting in settings {
        if !keys.iter().any(|(key, _)| *key == setting.key) {
            keys.push((&setting.key, first_sentence(&setting.description)));
        }
    }
    let longest = keys.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let room = width.saturating_sub(longest + 6).max(20);
    keys.into_iter()
        .map(|(key, about)| {
            let about = match about.chars().count() {
                long if long > room => {
                    let begin: String = about.chars().take(room - 2).collect();
                    format!("{}..", begin.trim_end())
                }
                _ => about.to_owned(),
            };
            format!("    {key:longest$}  {about}").trim_end().to_owned()
        })
        .collect()
}

fn first_sentence(text: &str) -> &str {
    let end = text.match_indices(". ").find(|(at, _)| !text[..*at].ends_with("e.g"));
    end.map_or(text, |(at, _)| &text[..=at])
}

/// A text in lines of at most `width` characters.
fn wrapped(text: &str, indent: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        let is_begun = line.len() > indent.len();
        if is_begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, format!("{indent}  ")));
        } else if is_begun {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str, file: &str, only_with: &[&str], defaults: &[(&str, &str)]) -> Setting {
        let default =
            |&(value, when): &(&str, &str)| DefaultValue { value: value.into(), when: when.into() };
        Setting {
            key: key.into(),
            file: file.into(),
            only_with: only_with.iter().map(|&text| text.into()).collect(),
            description: "Passes over the samples. More is slower.".into(),
            expected: "a whole number, 1 or more".into(),
            names: Vec::new(),
            defaults: defaults.iter().map(default).collect(),
            is_required: false,
            is_section: false,
        }
    }

    #[test]
    fn what_is_the_same_in_several_files_is_told_once() {
        let settings = [
            setting("epochs", "run file", &[], &[("3", "")]),
            setting("epochs", "task file of steps", &[], &[("3", "")]),
            setting("epochs", "task file of retrieval", &["tune.kind = \"all\""], &[("3", "")]),
            setting("epochs", "task file of grounding", &[], &[("20", "")]),
        ];
        let told = explained("epochs", &settings.each_ref(), 100);
        let wanted = "\
epochs, in a run file and task files of steps, retrieval, with tune.kind = \"all\"
  Passes over the samples. More is slower.
  a whole number, 1 or more; default 3

epochs, in a task file of grounding
  Passes over the samples. More is slower.
  a whole number, 1 or more; default 20";
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_default_of_presets_is_told_by_value_and_the_data_sets_only_where_they_differ() {
        let defaults = [
            ("100", "head = \"tan\", dataset = \"tacos\""),
            ("100", "head = \"tan\", dataset = \"charades\""),
            ("20", "head = \"tan\", dataset = \"synthetic\""),
            ("20", "head = \"csmgan\", dataset = \"tacos\""),
        ];
        let settings = [setting("epochs", "run file", &[], &defaults)];
        let told = explained("epochs", &settings.each_ref(), 100);
        let wanted = "
  a whole number, 1 or more; default:
    100 with head = \"tan\", dataset = \"tacos\" or \"charades\"
    20 with head = \"tan\", dataset = \"synthetic\"
    20 with head = \"csmgan\"";
        assert!(told.ends_with(wanted), "{told}");
    }

    #[test]
    fn keys_of_a_section_stand_under_the_file_that_they_are_of() {
        let settings = [
            setting("data", "run file", &[], &[]),
            setting("data.dir", "run file", &[], &[]),
            setting("data", "task file of steps", &[], &[]),
            setting("data.release", "task file of steps", &[], &[]),
        ];
        let told = explained("data", &settings.each_ref(), 60);
        let about = "  Passes over the samples. More is slower.\n  a whole number, 1 or more";
        let wanted = format!(
            "data, in a run file\n{about}\n  keys:\n    data.dir  Passes over the samples.\n\n\
             data, in a task file of steps\n{about}\n  keys:\n    data.release  Passes over the samples."
        );
        assert_eq!(told, wanted);
    }

    #[test]
    fn all_keys_of_task_files_stand_under_the_tasks_that_have_them() {
        let of = |key: &str, task: &str| setting(key, &format!("task file of {task}"), &[], &[]);
        let settings = [of("task", "steps"), of("data", "steps"), of("task", "probe")];
        let told = all_keys(&settings, 60);
        let wanted = "  of steps, probe:\n    task  Passes over the samples.\n\n  \
                      of steps:\n    data  Passes over the samples.\n";
        assert!(told.contains(wanted), "{told}");
    }

    #[test]
    fn lines_are_as_long_as_the_terminal_and_a_list_has_a_line_a_key() {
        let lines = wrapped("one two three four", "  ", 12);
        assert_eq!(lines, ["  one two", "    three", "    four"]);
        let settings = ["train", "train.epochs"].map(|key| setting(key, "run file", &[], &[]));
        let told = explained("train", &settings.each_ref(), 60);
        assert!(told.ends_with("  keys:\n    train.epochs  Passes over the samples."), "{told}");
    }
}
