//! Medians and quartiles: on a machine that has other things to do, a mean tells of the worst moment.

use serde::Serialize;

/// The middle of some figures, and how far their middle half reaches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
}

impl Summary {
    /// `None` when there are no figures.
    pub fn of(figures: &[f64]) -> Option<Summary> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Summary {
            q1: quantile(&sorted, 0.25)?,
            median: quantile(&sorted, 0.5)?,
            q3: quantile(&sorted, 0.75)?,
        })
    }
}

/// The figure below which the part `q` of the others lies, between two of them in proportion.
/// `sorted` is in ascending order; `None` when it is empty.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    Some(below + (above - below) * place.fract())
}

/// Several of them, of figures in any order, of which there is one at least.
pub fn quantiles<const N: usize>(mut figures: Vec<f64>, parts: [f64; N]) -> [f64; N] {
    figures.sort_by(f64::total_cmp);
    parts.map(|q| quantile(&figures, q).expect("a figure at least"))
}

/// Whether 9 of 10 ratios lie on one side of 1. Two contestants that are the same agree like that in 7
/// rounds by chance in 2 of 100 races; their quartiles would in 12.
pub fn is_clear(ratios: &[f64]) -> bool {
    let above = ratios.iter().filter(|&&ratio| ratio > 1.0).count();
    let most = above.max(ratios.len() - above);
    most * 10 >= ratios.len() * 9
}

/// Figure by figure, `these` to `those`: both have met the same moments of the machine.
pub fn ratios(these: &[f64], those: &[f64]) -> Vec<f64> {
    these.iter().zip(those).map(|(a, b)| a / b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_of_odd_even_and_few() {
        let summary = |figures: &[f64]| {
            let s = Summary::of(figures).unwrap();
            (s.q1, s.median, s.q3)
        };
        assert_eq!(summary(&[5.0, 1.0, 4.0, 2.0, 3.0]), (2.0, 3.0, 4.0));
        assert_eq!(summary(&[4.0, 1.0, 2.0, 3.0]), (1.75, 2.5, 3.25));
        assert_eq!(summary(&[7.0]), (7.0, 7.0, 7.0));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        let calm = Summary::of(&[10.0, 11.0, 12.0, 13.0, 14.0]).unwrap();
        let noisy = Summary::of(&[10.0, 11.0, 12.0, 13.0, 14_000.0]).unwrap();
        assert_eq!(calm, noisy);
    }

    #[test]
    fn a_clear_ratio_is_one_that_nearly_every_round_agrees_on() {
        assert!(is_clear(&[1.1, 1.3, 1.2, 9.0, 1.1, 1.2, 1.1]));
        assert!(is_clear(&[0.5; 7]));
        assert!(!is_clear(&[1.1, 1.3, 1.2, 0.9, 1.1, 1.2, 1.1]));
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was slow in the second round, for both.
        let ratios = ratios(&[20.0, 2.0, 20.0], &[10.0, 1.0, 10.0]);
        assert_eq!(Summary::of(&ratios).unwrap().q1, 2.0);
        assert_eq!(Summary::of(&ratios).unwrap().q3, 2.0);
    }
}
