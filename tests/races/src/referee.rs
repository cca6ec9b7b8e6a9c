//! Gives the turns, round by round, and writes down what came of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use netlab::protocol::Patience;

use crate::answer_line;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::race::{Answer, Contestant, Discipline, Effort, Kind, Race, Side};
use crate::record::{End, Outcome, Record, Row, Verdict};

/// How long a contestant may take for a turn, in ordinary patience.
const DEADLINE: Duration = Duration::from_secs(6);

/// Runs a race; contestants of this side stay at home.
pub fn run(race: &Race, effort: &Effort, without: Option<Side>) -> Record {
    let machine = Machine::here();
    let disciplines = (race.disciplines)()
        .into_iter()
        .map(|mut discipline| {
            discipline
                .contestants
                .retain(|contestant| Some(contestant.side) != without);
            judge(race, discipline, effort)
        })
        .collect();
    Record {
        race: race.number,
        title: race.title,
        machine,
        rounds: effort.rounds,
        disciplines,
    }
}

fn judge(race: &Race, discipline: Discipline, effort: &Effort) -> Outcome {
    let mut entries: Vec<Entry> = discipline
        .contestants
        .iter()
        .map(|contestant| Entry::new(race, &discipline, contestant, effort))
        .collect();
    let what = format!("race {}, {}", race.number, discipline.title);
    let per_round = entries.len() * discipline.cases.len();
    let (measures, view) = match &discipline.kind {
        Kind::Verdicts => {
            let progress = Progress::of(&what, per_round);
            for (case, name) in discipline.cases.iter().enumerate() {
                for entry in &mut entries {
                    progress.turn(&format!("{}, {name}", entry.row.name));
                    entry.is_judged(case);
                }
            }
            (Vec::new(), None)
        }
        Kind::Figures { measures, view } => {
            let progress = Progress::of(&what, per_round * (effort.rounds + 1));
            for round in 0..=effort.rounds {
                for (case, name) in discipline.cases.iter().enumerate() {
                    for place in order(entries.len(), round, case) {
                        let entry = &mut entries[place];
                        progress.turn(&format!("{}, {name}", entry.row.name));
                        // The first round warms up.
                        entry.is_measured(case, measures.len(), round > 0);
                    }
                }
            }
            (measures.clone(), Some(*view))
        }
    };
    Outcome {
        id: discipline.id,
        title: discipline.title,
        what: discipline.what,
        cases: discipline.cases.clone(),
        measures,
        view,
        contestants: entries.into_iter().map(|entry| entry.row).collect(),
    }
}

/// Who has a turn when. Nobody always runs first, or always behind the same one: the start moves on from
/// round to round, and every other round goes backwards.
fn order(count: usize, round: usize, case: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count)
        .map(|place| (place + round + case) % count)
        .collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// A contestant in a discipline.
struct Entry {
    row: Row,
    /// How to start its process.
    arguments: Vec<String>,
    player: Option<Player>,
}

impl Entry {
    fn new(race: &Race, discipline: &Discipline, who: &Contestant, effort: &Effort) -> Entry {
        let (version, absent) = match (who.present)() {
            Ok(version) => (version, None),
            Err(why) => (String::new(), Some(End::Absent(why))),
        };
        let mut arguments = vec![race.number, "--take-part", discipline.id, who.name];
        if effort.quick {
            arguments.push("--quick");
        }
        let figures = match discipline.kind {
            Kind::Figures { .. } if absent.is_none() => vec![Vec::new(); discipline.cases.len()],
            _ => Vec::new(),
        };
        Entry {
            row: Row {
                name: who.name,
                side: who.side,
                version,
                end: absent,
                figures,
                verdicts: Vec::new(),
            },
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            player: None,
        }
    }

    /// A turn for figures. Who fails once is out: half a row of figures would be compared with a whole.
    fn is_measured(&mut self, case: usize, measures: usize, counts: bool) {
        if self.row.end.is_some() {
            return;
        }
        let end = match self.turn(case) {
            Answer::Figures(figures) if figures.len() == measures => {
                if counts {
                    self.row.figures[case].push(figures);
                }
                return;
            }
            Answer::ToDo(instruction) => End::ToDo(instruction),
            Answer::Failed(why) => End::Failed(why),
            other => End::Failed(format!("answered {other:?}")),
        };
        self.row.end = Some(end);
        self.row.figures.clear();
    }

    /// A turn for a verdict. A failure is one too, and the next case finds a new process.
    fn is_judged(&mut self, case: usize) {
        if self.row.end.is_some() {
            return;
        }
        let bad = |word: String| Verdict { good: false, word };
        let verdict = match self.turn(case) {
            Answer::Verdict { good, word } => Verdict { good, word },
            Answer::ToDo(instruction) => {
                self.row.end = Some(End::ToDo(instruction));
                self.row.verdicts.clear();
                return;
            }
            Answer::Failed(why) => bad(why),
            other => bad(format!("answered {other:?}")),
        };
        self.row.verdicts.push(verdict);
    }

    fn turn(&mut self, case: usize) -> Answer {
        let deadline = Patience::from_environment().scale(DEADLINE);
        let player = match &mut self.player {
            Some(player) => player,
            None => {
                let player = match Player::start(&self.arguments) {
                    Ok(player) => self.player.insert(player),
                    Err(error) => return Answer::Failed(error.to_string()),
                };
                match player.answer(deadline) {
                    Answer::Ready => player,
                    other => {
                        self.player = None;
                        return other;
                    }
                }
            }
        };
        player.ask(case);
        let answer = player.answer(deadline);
        if matches!(answer, Answer::Failed(_) | Answer::ToDo(_)) {
            self.player = None;
        }
        answer
    }
}

/// A contestant's process.
struct Player {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// The last line that was no answer, to explain its death.
    last_words: Option<String>,
}

impl Player {
    fn start(arguments: &[String]) -> std::io::Result<Player> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        runner::child::own_group(&mut command);
        let mut child = command.spawn()?;
        let (send, lines) = mpsc::channel();
        pass_on(child.stdout.take().expect("piped"), send.clone());
        pass_on(child.stderr.take().expect("piped"), send);
        Ok(Player {
            stdin: child.stdin.take().expect("piped"),
            child,
            lines,
            last_words: None,
        })
    }

    fn ask(&mut self, case: usize) {
        // An error means that it is dead, which `answer` finds out.
        let _ = writeln!(self.stdin, "{case}");
    }

    /// Its next answer, or what became of it.
    fn answer(&mut self, patience: Duration) -> Answer {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self
                .lines
                .recv_timeout(left.min(Duration::from_millis(100)))
            {
                Ok(line) => match answer_line::parse(&line) {
                    Some(answer) => return answer,
                    None if line.is_empty() => {}
                    None => self.last_words = Some(line),
                },
                Err(mpsc::RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Answer::Failed(format!("no answer for {} s", patience.as_secs_f64()));
                }
                // Somebody it has started may hold its pipes open.
                Err(_) => {
                    if let Ok(Some(status)) = self.child.try_wait() {
                        let why = self.last_words.take();
                        let why = why.map(|words| format!(": {words}")).unwrap_or_default();
                        return Answer::Failed(format!("died ({status}){why}"));
                    }
                }
            }
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        runner::child::kill_group(&mut self.child);
    }
}

fn pass_on(pipe: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        let all = BufReader::new(pipe).lines().map_while(Result::ok);
        for line in all {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_always_first_or_behind_the_same_one() {
        let orders: Vec<Vec<usize>> = (0..4).map(|round| order(3, round, 0)).collect();
        assert_eq!(orders, [[0, 1, 2], [0, 2, 1], [2, 0, 1], [2, 1, 0]]);
        assert!(order(0, 3, 1).is_empty());
    }
}
