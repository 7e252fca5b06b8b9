//! Numbers of many rounds, and how they are told.

/// Measurements of one thing, in the order in which they were taken.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The middle one, or the mean of the two in the middle. `None` without a measurement.
    pub fn median(&self) -> Option<f64> {
        let values = self.sorted();
        let upper = *values.get(values.len() / 2)?;
        if values.len() % 2 == 1 {
            return Some(upper);
        }
        Some((values.get(values.len() / 2 - 1)? + upper) / 2.0)
    }

    pub fn least(&self) -> Option<f64> {
        self.sorted().first().copied()
    }

    pub fn most(&self) -> Option<f64> {
        self.sorted().last().copied()
    }

    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().copied()
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that so many in a hundred do not exceed (nearest rank).
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.sorted().get(rank.checked_sub(1)?).copied()
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// One line of the table.
pub fn row(name: &str, unit: &str, series: &Series) -> String {
    line(name, unit, series, [series.median(), series.least(), series.most()])
}

pub fn head() -> String {
    format!("{:<52} {:>9} {:>9} {:>9}", "", "median", "min", "max")
}

/// One line of a table of what must not take longer than it may.
pub fn row_with_tail(name: &str, unit: &str, series: &Series) -> String {
    line(name, unit, series, [series.median(), series.percentile(99), series.most()])
}

pub fn head_with_tail() -> String {
    format!("{:<52} {:>9} {:>9} {:>9}", "", "median", "p99", "max")
}

fn line(name: &str, unit: &str, series: &Series, values: [Option<f64>; 3]) -> String {
    let [first, second, third] =
        values.map(|value| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}")));
    format!("{name:<52} {first:>9} {second:>9} {third:>9} {unit:<4} n={}", series.count())
}

/// Two medians as a ratio, to two decimals.
pub fn ratio(of: &Series, to: &Series) -> Option<f64> {
    let (of, to) = (of.median()?, to.median()?);
    (to > 0.0).then(|| (of / to * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series(values.to_vec())
    }

    #[test]
    fn the_median_is_the_middle_of_what_was_measured() {
        assert_eq!(series(&[]).median(), None);
        assert_eq!(series(&[3.0, 1.0, 9.0]).median(), Some(3.0));
        assert_eq!(series(&[4.0, 1.0, 9.0, 2.0]).median(), Some(3.0));
    }

    #[test]
    fn one_in_a_hundred_may_exceed_the_99th_percentile_and_no_more() {
        let hundred: Series = (1..=100).rev().map(f64::from).collect();
        assert_eq!(hundred.percentile(99), Some(99.0));
        assert_eq!(series(&[4.0, 1.0, 9.0]).percentile(99), Some(9.0));
        assert_eq!(series(&[]).percentile(99), None);
    }

    #[test]
    fn a_ratio_needs_both_sides() {
        assert_eq!(ratio(&series(&[300.0]), &series(&[150.0, 160.0, 140.0])), Some(2.0));
        assert_eq!(ratio(&series(&[300.0]), &series(&[])), None);
        assert_eq!(ratio(&series(&[300.0]), &series(&[0.0])), None);
    }

    #[test]
    fn a_row_tells_median_least_and_most() {
        let row = row("painted", "ms", &series(&[10.0, 30.0, 20.0]));
        assert!(row.contains("20.0") && row.contains("10.0") && row.contains("30.0") && row.ends_with("n=3"), "{row}");
    }
}
