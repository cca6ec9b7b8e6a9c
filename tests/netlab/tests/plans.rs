//! Whatever a plan and chance do to whatever is sent: nothing vanishes, and time is arithmetic.

mod plays;

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = netlab::Dice::new(seed);
    (0..length).map(|_| dice.next() as u8).collect()
}

#[test]
fn five_hundred_networks_that_dice_have_chosen() {
    for seed in 1..=500 {
        let bytes = bytes(seed, 40 + seed as usize % 300);
        let played = std::panic::catch_unwind(|| plays::play(&bytes));
        assert!(played.is_ok(), "seed {seed}");
    }
}
