//! Whether the ranks that know each other are those that the launcher started.
//!
//! A program that was started by `srun` or `torchrun` and finds no matching MPI is alone in every process, and all of
//! them write the same run. So what the launcher says is compared with what was found; it is a
//! check only, and never where a rank comes from.

use crate::error::ClusterError;

/// Looks a variable of the environment up.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Launchers that start MPI's ranks themselves, each by what it leaves in their environment: Open MPI's mpirun,
/// Hydra's (MPICH, Intel), and what speaks PMIx.
#[cfg_attr(not(any(feature = "mpi", test)), expect(dead_code, reason = "asked before MPI starts"))]
pub(crate) fn is_launched(variable: Lookup<'_>) -> bool {
    const LEFT: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"];
    let is_alone = |(_, said): (_, String)| said.trim() == "1";
    let is_large_step =
        is_step_of_slurm(variable) && !tasks_of_step(variable).is_some_and(is_alone);
    LEFT.iter().any(|name| variable(name).is_some()) || is_large_step
}

/// A batch script's shell has SLURM_NTASKS and SLURM_PROCID as well, and only a step that srun started a number.
fn is_step_of_slurm(variable: Lookup<'_>) -> bool {
    ["SLURM_PROCID", "SLURM_STEP_ID"].iter().all(|name| variable(name).is_some())
}

/// Processes of a step. The shell that `salloc` gives is a step of one task in a job of several, which
/// only the first of these says.
fn tasks_of_step(variable: Lookup<'_>) -> Option<(&'static str, String)> {
    let names = ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"];
    names.into_iter().find_map(|name| Some((name, variable(name)?)))
}

/// What a launcher says of the processes that it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// Its variable.
    pub variable: &'static str,
    /// How many, as it stands there.
    pub said: String,
}

/// The launcher that started several processes, if one did: for what one process does alone.
pub fn launched() -> Option<Launched> {
    other_than(1, &environment)
}

/// Whether the launcher that started several processes calls this one its first, or does not number them: for what they
/// say before they know each other.
pub fn speaks_first() -> bool {
    is_first(&environment)
}

fn is_first(variable: Lookup<'_>) -> bool {
    const INDEX: [&str; 4] = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"];
    let index = INDEX.iter().find_map(|name| variable(name));
    other_than(1, variable).is_none() || index.is_none_or(|index| index.trim() == "0")
}

/// Refuses a world of another size than a launcher's variables say.
///
/// # Errors
/// [`ClusterError::OtherWorld`], with the variable.
pub(crate) fn check(found: usize, variable: Lookup<'_>) -> Result<(), ClusterError> {
    match other_than(found, variable) {
        Some(Launched { variable, said }) => {
            let way_out = way_out(variable);
            Err(ClusterError::OtherWorld { variable, said, found, way_out })
        }
        None => Ok(()),
    }
}

fn other_than(found: usize, variable: Lookup<'_>) -> Option<Launched> {
    let own = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];
    let mut asked = own.to_vec();
    asked.push("WORLD_SIZE");
    // An mpirun inside of a job starts one helper a node by srun, whose step the ranks inherit.
    if is_step_of_slurm(variable) && own.iter().all(|name| variable(name).is_none()) {
        asked.extend(tasks_of_step(variable).map(|(name, _)| name));
    }
    let said = |name| Some(Launched { variable: name, said: variable(name)? });
    asked.into_iter().filter_map(said).find(|it| it.said.trim().parse() != Ok(found))
}

fn way_out(variable: &str) -> &'static str {
    if !cfg!(feature = "mpi") {
        return "this program was built without MPI: build it with --features mpi, or start one process";
    }
    match variable {
        "SLURM_STEP_NUM_TASKS" | "SLURM_NTASKS" => {
            "start them so that they find each other: srun --mpi=pmix, or the mpirun of the MPI that the program was \
             built with"
        }
        "WORLD_SIZE" => {
            "torchrun starts processes that MPI does not know: start them with mpirun or srun; where the variable was \
             set for something else, unset it"
        }
        _ => "use the mpirun of the MPI that the program was built with",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(found: usize, set: &[(&str, &str)]) -> Result<(), String> {
        let lookup = |name: &str| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        check(found, &lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn of_several_processes_the_first_speaks_first() {
        let first = |set: &[(&str, &str)]| {
            is_first(&|name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let size = ("OMPI_COMM_WORLD_SIZE", "2");
        assert!(first(&[]) && first(&[size]) && first(&[size, ("OMPI_COMM_WORLD_RANK", "0")]));
        assert!(!first(&[size, ("OMPI_COMM_WORLD_RANK", "1")]));
        // The shell of a batch job of one task is alone.
        assert!(first(&[("SLURM_PROCID", "1")]));
    }

    #[test]
    fn a_launcher_that_counts_otherwise_is_named() {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "WORLD_SIZE"] {
            checked(2, &[(name, "2")]).unwrap();
            let error = checked(1, &[(name, "2")]).unwrap_err();
            let said = format!(
                "{name} says that 2 processes were started, but this one finds 1 at work together"
            );
            assert!(error.starts_with(&said), "{error}");
            assert!(checked(1, &[(name, "many")]).unwrap_err().contains("many"));
        }
        checked(3, &[]).unwrap();
    }

    #[test]
    fn a_batch_scripts_shell_is_no_step_of_slurm() {
        let shell = [("SLURM_NTASKS", "4"), ("SLURM_PROCID", "0")];
        checked(1, &shell).unwrap();
        let step = [("SLURM_NTASKS", "4"), ("SLURM_PROCID", "2"), ("SLURM_STEP_ID", "0")];
        checked(4, &step).unwrap();
        assert!(checked(1, &step).unwrap_err().starts_with("SLURM_NTASKS says that 4 processes"));
    }

    #[test]
    fn a_shell_in_a_job_of_several_tasks_is_one_process() {
        let mut shell = vec![
            ("SLURM_NTASKS", "4"),
            ("SLURM_PROCID", "0"),
            ("SLURM_STEP_ID", "4294967290"),
            ("SLURM_STEP_NUM_TASKS", "1"),
        ];
        let lookup = |set: &[(&str, &str)], name: &str| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        checked(1, &shell).unwrap();
        assert!(!is_launched(&|name| lookup(&shell, name)));
        shell[3].1 = "4";
        assert!(checked(1, &shell).unwrap_err().starts_with("SLURM_STEP_NUM_TASKS says that 4"));
        assert!(is_launched(&|name| lookup(&shell, name)));
    }

    #[test]
    fn the_step_of_an_mpirun_inside_of_a_job_is_one_of_helpers() {
        let inherited = [
            ("SLURM_NTASKS", "2"),
            ("SLURM_PROCID", "1"),
            ("SLURM_STEP_ID", "0"),
            ("OMPI_COMM_WORLD_SIZE", "16"),
        ];
        checked(16, &inherited).unwrap();
        assert!(checked(1, &inherited).unwrap_err().starts_with("OMPI_COMM_WORLD_SIZE"));
    }

    #[test]
    fn what_a_launcher_leaves_tells_that_there_was_one() {
        let launched =
            |set: &[&str]| is_launched(&|name: &str| set.contains(&name).then(|| "1".to_owned()));
        assert!(launched(&["PMIX_RANK"]) && launched(&["SLURM_PROCID", "SLURM_STEP_ID"]));
        assert!(!launched(&["SLURM_PROCID", "SLURM_NTASKS"]) && !launched(&["WORLD_SIZE"]));
    }
}
