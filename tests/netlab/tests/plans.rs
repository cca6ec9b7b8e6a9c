//! Whatever a plan and chance do to whatever is sent: nothing vanishes, and time is arithmetic.

mod plays;

/// Bytes by xorshift64.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn five_hundred_networks_that_dice_have_chosen() {
    for seed in 1..=500 {
        let bytes = bytes(seed, 40 + seed as usize % 300);
        let played = std::panic::catch_unwind(|| plays::play(&bytes));
        assert!(played.is_ok(), "seed {seed}");
    }
}
