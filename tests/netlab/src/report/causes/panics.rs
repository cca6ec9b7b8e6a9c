//! What a panic means.

use super::errors::of_error;

/// What the message of a panic says about its cause.
pub fn of_panic(message: &str) -> String {
    let meaning = MEANINGS
        .iter()
        .find(|(words, _)| words.iter().all(|word| message.contains(word)))
        .map(|(_, meaning)| *meaning);
    match (meaning, of_error(message)) {
        (Some(meaning), Some(error)) => format!("{meaning} {error}"),
        (Some(meaning), None) => meaning.to_owned(),
        (None, Some(error)) => error.to_owned(),
        (None, None) => ANY.to_owned(),
    }
}

const ANY: &str = "A panic ends the thread on which it happens. What a peer sends, or a system refuses, is \
    no reason for one: return an error, and where there is none to return, drop what has come.";

/// All of these words are in the message. The first row that fits counts.
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &["PoisonError"],
        "Another thread has panicked while it held this lock, so lock() gives an error. Look for that \
         panic first.",
    ),
    (
        &["on an `Err` value: RecvError"],
        "recv() gives an error when every Sender is gone and the channel is empty. This is how a receiver \
         learns that the work has ended.",
    ),
    (
        &["on an `Err` value: SendError"],
        "send() gives an error when the Receiver is gone: nobody will take it.",
    ),
    (
        &["on an `Err` value: Any"],
        "join() gives an error when the thread has panicked. Its own panic is the one to look at.",
    ),
    (
        &["on an `Err` value: TryFromIntError"],
        "The number does not fit into the smaller type. Decide what a number that is too large means here.",
    ),
    (
        &["on an `Err` value", "Utf8Error"],
        "These bytes are not UTF-8. What comes from outside is bytes, not text.",
    ),
    (
        &["Result::unwrap()"],
        "unwrap() makes a panic of an error that can be returned.",
    ),
    (
        &["Option::unwrap()"],
        "unwrap() panics on None. When can there be nothing here, and what is the answer then?",
    ),
    (
        &["index out of bounds"],
        "There are fewer elements than the index says. Where a stranger sent the bytes, any of them may be \
         missing: check the length before, or use get().",
    ),
    (
        &["index", "out of range for slice"],
        "The range reaches beyond the slice. Where a stranger sent the bytes, any of them may be missing: \
         check the length before, or use get(range).",
    ),
    (
        &["slice index starts at"],
        "The range ends before it starts. Which of the two was computed from something that a stranger \
         sent?",
    ),
    (
        &["mid > len"],
        "split_at was asked for more than there is: check the length before, or use split_at_checked().",
    ),
    (
        &["copy_from_slice"],
        "copy_from_slice takes slices of one length only: cut both to the smaller of the two.",
    ),
    (
        &["is not a char boundary"],
        "The text was cut inside a character, which may be several bytes long. Bytes from outside are \
         better cut as bytes.",
    ),
    (
        &["attempt to subtract with overflow"],
        "The result is below zero, which an unsigned number cannot be. A release build would go on with a \
         huge number: compare before, or use checked_sub() or saturating_sub(). Where numbers go round, as \
         sequence numbers do, it is wrapping_sub().",
    ),
    (
        &["attempt to", "with overflow"],
        "The result does not fit into its type. A release build would go on with a wrong number: compute \
         in a larger type, or use checked_add() and its kin. Where numbers go round, as sequence numbers \
         do, it is wrapping_add() and its kin.",
    ),
    (
        &["by zero"],
        "Something was divided by zero. Which of the two numbers can be zero, and what is the answer then?",
    ),
    (
        &["overflow when subtracting duration"],
        "Durations and Instants cannot be below zero: the later was taken from the earlier. Use \
         checked_sub(), saturating_sub() or saturating_duration_since().",
    ),
    (
        &["overflow when", "duration"],
        "The time is beyond what a Duration or an Instant holds. A caller may pass Duration::MAX for \"as \
         long as it takes\": use checked_add().",
    ),
    (
        &["RefCell already"],
        "borrow() and borrow_mut() overlap: the first guard lives to the end of its block, or of its \
         statement. Drop it before the next one.",
    ),
    (
        &["failed to spawn thread"],
        "The system gave no more threads, and thread::spawn panics then. thread::Builder::spawn gives an \
         error instead, which a server survives.",
    ),
    (
        &["capacity overflow"],
        "Memory was asked for by a number that is far too large. Was it sent by a stranger? Compare it with \
         a limit first.",
    ),
    (
        &["no entry found for key"],
        "map[key] panics where the key is missing; get(key) gives an Option.",
    ),
    (
        &["entered unreachable code"],
        "The code came to the place that it calls unreachable. Something can happen that it does not \
         expect.",
    ),
    (&["assertion"], "An assertion of your own does not hold."),
];

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::hint::black_box;
    use std::panic::{UnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;

    type Panics = Box<dyn FnOnce() + UnwindSafe>;

    fn use_up<T>(value: T) {
        black_box(&value);
    }

    fn failing<E>(error: E) -> Result<(), E> {
        black_box(Err(error))
    }

    /// The tables follow the words of std, which may change: real panics, therefore.
    #[test]
    fn panics_of_std_are_explained() {
        let zero = black_box(0_usize);
        let none = black_box(None::<u8>);
        let panics: [(Panics, &str); 13] = [
            (
                Box::new(move || use_up(vec![1][zero + 5])),
                "fewer elements",
            ),
            (
                Box::new(move || use_up(&vec![1][zero + 5..])),
                "beyond the slice",
            ),
            (Box::new(move || use_up(zero - 1)), "below zero"),
            (
                Box::new(move || use_up(usize::MAX - zero + 1)),
                "it is wrapping_add()",
            ),
            (Box::new(move || use_up(1 / zero)), "divided by zero"),
            (
                Box::new(|| use_up(Duration::ZERO - Duration::from_secs(1))),
                "the later was taken from the earlier",
            ),
            (
                Box::new(|| use_up(Duration::MAX * 2)),
                "beyond what a Duration",
            ),
            (Box::new(move || use_up(none.unwrap())), "panics on None"),
            (Box::new(|| failing("7").unwrap()), "can be returned"),
            (
                Box::new(|| {
                    let cell = RefCell::new(1);
                    let _first = cell.borrow_mut();
                    use_up(*cell.borrow());
                }),
                "overlap",
            ),
            (
                Box::new(|| {
                    let (send, receive) = std::sync::mpsc::channel::<()>();
                    drop(send);
                    receive.recv().unwrap();
                }),
                "every Sender is gone",
            ),
            (
                Box::new(|| {
                    let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
                    failing(error).expect("a reply");
                }),
                "EPIPE",
            ),
            (Box::new(|| panic!("oh no")), "A panic ends the thread"),
        ];
        for (panics, words) in panics {
            let payload = catch_unwind(panics).unwrap_err();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            let cause = of_panic(text.unwrap_or_default());
            assert!(cause.contains(words), "{text:?}: {cause}");
        }
    }
}
