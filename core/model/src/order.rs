//! Sorts slices with one sorting function for all types. The standard library's is 4 KB for each type and order, which
//! is worth it for long lists of numbers and not for the short lists of a machine's configuration.

use std::cmp::Ordering;

/// Stable sorting, like `slice::sort`.
pub trait Order<T> {
    /// Sorts.
    fn order(&mut self)
    where
        T: Ord;

    /// Sorts by a comparison.
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    /// Sorts by a key.
    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K);
}

impl<T> Order<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }

    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let places = places(self.len(), &|one, other| compare(&self[one], &self[other]));
        arrange(places, &mut |one, other| self.swap(one, other));
    }

    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.order_by(|one, other| key(one).cmp(&key(other)));
    }
}

/// For each place, which item belongs there.
#[inline(never)]
fn places(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    if length < 2 {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Moves the items to their places, along the cycles of the permutation.
#[inline(never)]
fn arrange(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Items = Vec<(u8, String)>;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(items: Items) {
            let sorted = |sort: &dyn Fn(&mut Items)| {
                let mut items = items.clone();
                sort(&mut items);
                items
            };
            prop_assert_eq!(sorted(&|items| items.order()), sorted(&|items| items.sort()));
            // The first part alone has equal ones, which stay in their order.
            prop_assert_eq!(
                sorted(&|items| items.order_by_key(|item| item.0 % 4)),
                sorted(&|items| items.sort_by_key(|item| item.0 % 4))
            );
            prop_assert_eq!(
                sorted(&|items| items.order_by(|one, other| other.1.cmp(&one.1))),
                sorted(&|items| items.sort_by(|one, other| other.1.cmp(&one.1)))
            );
        }
    }

    #[test]
    fn nothing_is_lost() {
        let mut items: Vec<u32> = (0..1000).map(|number| number * 7919 % 1000).collect();
        items.order();
        assert_eq!(items, (0..1000).collect::<Vec<u32>>());
        Vec::<u32>::new().order();
    }
}
