//! Runs of one cell's program, one after the other.
//!
//! A strong jail is built once and used for many programs, for building it takes longer than most of
//! them run. The next program gets a new one when the last has left anything behind, or was killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use course::problem::{Problem, Result};
use runner::capture::Capture;
use runner::child::{kill_group, own_group, wait};

use super::Jail;
use super::cell::{Cell, Ending, Outcome};
use super::folder::Folder;
use super::inside::READY;
use super::isolation::Isolation;
use super::watch::{self, Beside, Running, Share};
#[cfg(target_os = "linux")]
use super::{messages::Request, world::World};

pub struct Session<'a> {
    jail: &'a Jail,
    cell: Cell,
    #[cfg(target_os = "linux")]
    world: Option<(World, Vec<(String, String)>)>,
}

impl<'a> Session<'a> {
    pub fn new(jail: &'a Jail, cell: Cell) -> Session<'a> {
        Session {
            jail,
            cell,
            #[cfg(target_os = "linux")]
            world: None,
        }
    }

    /// Runs the program with these arguments, and these variables besides the cell's own, until its end
    /// or the end of its share. After that none of its processes is left.
    ///
    /// `beside` is told when another may run beside it.
    pub fn run(
        &mut self,
        args: &[String],
        env: &[(String, String)],
        share: &Share,
        beside: Option<Beside>,
    ) -> Result<Outcome> {
        let mut cell = self.cell.clone();
        cell.args.extend_from_slice(args);
        cell.env.extend_from_slice(env);
        #[cfg(target_os = "linux")]
        if self.jail.level >= Isolation::Landlock {
            return self.run_in_world(cell, share, beside);
        }
        run_alone(self.jail, cell, share, beside)
    }

    /// What was not started is tried once more, in a jail that is built anew. On a busy machine, without
    /// bubblewrap, Linux has refused twice to start the tests of an honest submission ("Permission
    /// denied"), and it is not known why.
    #[cfg(target_os = "linux")]
    fn run_in_world(
        &mut self,
        cell: Cell,
        share: &Share,
        beside: Option<Beside>,
    ) -> Result<Outcome> {
        self.try_in_world(cell.clone(), share, beside)
            .or_else(|_| self.try_in_world(cell, share, beside))
    }

    #[cfg(target_os = "linux")]
    fn try_in_world(
        &mut self,
        cell: Cell,
        share: &Share,
        beside: Option<Beside>,
    ) -> Result<Outcome> {
        let (mut world, own) = match self.world.take() {
            Some(world) => world,
            None => self.jail.enter(&self.cell)?,
        };
        let mut request = Request {
            args: cell.args,
            env: cell.env,
        };
        request.env.extend_from_slice(&own);
        let pipe = || std::io::pipe().map_err(|error| trouble("make a pipe", &error));
        let ((stdout, to_stdout), (stderr, to_stderr)) = (pipe()?, pipe()?);
        let began = Instant::now();
        world.start(&request, to_stdout, to_stderr)?;
        let (stdout, stderr) = (Capture::of(stdout), Capture::of(stderr));
        let ending = watch::until_end(&mut world, share, beside);
        let took = began.elapsed();
        // A PID namespace has numbers of its own.
        let is_of_machine = self.jail.level < Isolation::Bwrap;
        let process = world.process().filter(|_| is_of_machine);
        let failure = world.failure();
        // Otherwise it ends here, and all that is in it.
        if world.is_clean() {
            self.world = Some((world, own));
        } else {
            drop(world);
        }
        if let Some(why) = failure {
            return Err(Problem::new(format!("The jail: {why}.")));
        }
        Ok(Outcome {
            ending,
            stdout: stdout.finish(),
            stderr: stderr.finish(),
            took,
            process,
        })
    }
}

/// Without a supervisor: in a process group of its own.
fn run_alone(
    jail: &Jail,
    mut cell: Cell,
    share: &Share,
    beside: Option<Beside>,
) -> Result<Outcome> {
    let own_tmp = jail.own_tmp()?;
    cell.env
        .push(("TMPDIR".into(), own_tmp.path().display().to_string()));
    cell.writes.push(own_tmp.path().to_owned());
    let mut command = jail.command(&cell);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    own_group(&mut command);
    let began = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| Problem::with_file("run", Path::new(command.get_program()), &error))?;
    let stdout = Capture::of(child.stdout.take().expect("stdout is piped"));
    let stderr = Capture::of(child.stderr.take().expect("stderr is piped"));
    let ending = watch::until_end(&mut child, share, beside);
    let took = began.elapsed();
    kill_group(&mut child);
    let (stdout, mut stderr) = (stdout.finish(), stderr.finish());
    if jail.level > Isolation::None && !stderr.begin_after(READY.as_bytes()) {
        let why = stderr.text();
        return Err(Problem::new(match why.trim_end() {
            "" => format!("The jail was not built: {ending:?}."),
            why => why.to_owned(),
        }));
    }
    Ok(Outcome {
        ending,
        stdout,
        stderr,
        took,
        // What was started becomes the program.
        process: Some(child.id()),
    })
}

impl Running for Child {
    fn root(&self) -> u32 {
        self.id()
    }

    fn wait(&mut self, deadline: Instant) -> Option<Ending> {
        wait(self, deadline).map(Ending::from)
    }
}

fn trouble(what: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("Cannot {what}: {error}."))
}

impl Jail {
    /// Runs a cell's program once, to its end or the end of its share.
    pub fn run(&self, cell: &Cell, share: &Share) -> Result<Outcome> {
        Session::new(self, cell.clone()).run(&[], &[], share, None)
    }

    /// Builds the jail around a cell. The second value is what its programs find in their environment
    /// besides the cell's own.
    #[cfg(target_os = "linux")]
    fn enter(&self, cell: &Cell) -> Result<(World, Vec<(String, String)>)> {
        use super::{bwrap, order::Order, supervise};

        let is_bwrap = self.level == Isolation::Bwrap;
        let mut order = Order {
            cell: cell.clone(),
            level: self.level,
            user: self.user.filter(|_| is_bwrap || !cell.is_ours),
            scratch: Vec::new(),
        };
        // It comes with each run.
        order.cell.args.clear();
        order.cell.env.clear();
        let (mut command, tmp, own) = if is_bwrap {
            order.scratch = bwrap::SCRATCH.map(Into::into).into();
            let command = bwrap::command(cell, &self.helper, order.user)?;
            (command, None, Vec::new())
        } else {
            let tmp = self.own_tmp()?;
            order.cell.writes.push(tmp.path().to_owned());
            order.scratch.push(tmp.path().to_owned());
            let own = vec![("TMPDIR".to_owned(), tmp.path().display().to_string())];
            (Command::new(&self.helper), Some(tmp), own)
        };
        command
            .env_clear()
            .args([supervise::WORD, &order.written()]);
        Ok((World::enter(command, tmp)?, own))
    }

    /// A folder for what a program writes, where there is no /tmp of its own.
    fn own_tmp(&self) -> Result<Folder> {
        let folder = self.folder("tmp-")?;
        self.give(folder.path())?;
        Ok(folder)
    }

    /// Starts a program without a supervisor.
    fn command(&self, cell: &Cell) -> Command {
        let user = self.user.filter(|_| !cell.is_ours);
        let mut command;
        if self.level >= Isolation::Rlimits {
            let order = super::order::Order {
                cell: cell.clone(),
                level: self.level,
                user,
                scratch: Vec::new(),
            };
            command = Command::new(&self.helper);
            command.args([super::inside::WORD, &order.written()]);
        } else {
            command = Command::new(&cell.program);
            command.args(&cell.args).current_dir(&cell.dir);
            #[cfg(unix)]
            if let Some(user) = user {
                use std::os::unix::process::CommandExt;
                command.uid(user).gid(user);
            }
        }
        command.env_clear();
        command.envs(cell.env.iter().map(|(name, value)| (name, value)));
        if cfg!(windows) {
            // Without it no program finds its libraries.
            for name in ["SystemRoot", "PATH", "TEMP"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
        }
        command
    }
}
