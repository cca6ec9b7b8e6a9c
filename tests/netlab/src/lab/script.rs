//! A script, played to the student's machine.

use std::sync::Arc;

use super::inner::Lab;
use crate::report::story::YOU;
use crate::script::{Doing, Machine, Script, Step, ms, play};

impl Lab {
    /// Plays a script to the machine that `begin` makes. If a line does not come true, the test fails: the
    /// report shows the script with this line marked, what came instead, and the machine's variables.
    ///
    /// Its `why` is the line's own comment, or what [`Lab::because`] or [`Lab::why`] says.
    pub fn plays<M: Machine>(&self, text: &str, begin: impl FnOnce(&Script) -> M) {
        let script = Script::parse(text).unwrap_or_else(|mistake| panic!("{mistake}"));
        let mut machine = self.0.call("new()", || begin(&script));
        if let Some(name) = script.unread() {
            panic!("`with {name}=…`: the player does not know it");
        }
        self.plays_with(&script, &mut machine);
    }

    /// The same for a script that has been read and a machine that is there.
    pub fn plays_with(&self, script: &Script, machine: &mut dyn Machine) {
        let rows: Arc<[String]> = script.rows().into();
        self.0.begins_script(&rows);
        let function = machine.function();
        let inner = self.0.clone();
        let mut watch = |step: Step| {
            inner.plays_at(&rows, step.row);
            let story = &inner.story;
            match step.what {
                Doing::Calls(call) => story.act(YOU, call.text(), ms(step.at)),
                Doing::Arrives(segment) => {
                    story.arrow(peer(&segment.peer), YOU, segment.to_string(), ms(step.at));
                }
                Doing::Leaves(segment) => {
                    story.arrow(YOU, peer(&segment.peer), segment.to_string(), ms(step.at));
                }
                Doing::Wakes => {}
            }
        };
        let result = self.0.call(function, || play(script, machine, &mut watch));
        self.0.turns_to(machine.function());
        if let Err(mismatch) = result {
            self.0.plays_at(&rows, mismatch.row);
            self.0.leaves_script(mismatch.variables());
            self.stop_because(&mismatch.expected, &mismatch.got_when(), &mismatch.why);
        }
        self.0.script_is_over();
    }
}

fn peer(name: &str) -> &str {
    if name.is_empty() { "peer" } else { name }
}
