//! What is due when, of things that mostly are over before.

use std::collections::BTreeSet;

/// Keys by their time, the next first. What is over is taken out at once, so that it
/// is never longer than what is still going on.
#[derive(Debug, Clone)]
pub struct Deadlines<T, K>(BTreeSet<(T, K)>);

impl<T, K> Default for Deadlines<T, K> {
    fn default() -> Self {
        Deadlines(BTreeSet::new())
    }
}

impl<T: Ord + Copy, K: Ord + Copy> Deadlines<T, K> {
    pub fn add(&mut self, at: T, key: K) {
        self.0.insert((at, key));
    }

    /// It is over; `at` is as it was added.
    pub fn remove(&mut self, at: T, key: K) {
        self.0.remove(&(at, key));
    }

    /// When the next is due.
    pub fn next(&self) -> Option<T> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out the next that is due.
    pub fn due(&mut self, now: T) -> Option<K> {
        self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.pop_first().map(|(_, key)| key)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_order_and_once() {
        let mut deadlines = Deadlines::default();
        for (at, key) in [(30, 'c'), (10, 'a'), (20, 'b'), (10, 'd')] {
            deadlines.add(at, key);
        }
        assert_eq!(deadlines.next(), Some(10));
        assert_eq!(deadlines.due(9), None);
        deadlines.remove(20, 'b');
        let due: Vec<char> = std::iter::from_fn(|| deadlines.due(30)).collect();
        assert_eq!(due, ['a', 'd', 'c']);
        assert!(deadlines.is_empty() && deadlines.next().is_none());
    }

    #[test]
    fn it_does_not_grow_with_what_is_over() {
        let mut deadlines = Deadlines::default();
        for key in 0..100_000_u64 {
            deadlines.add(key + 30_000, key);
            if let Some(over) = key.checked_sub(100) {
                deadlines.remove(over + 30_000, over);
            }
            assert!(deadlines.len() <= 100, "{}", deadlines.len());
        }
    }
}
