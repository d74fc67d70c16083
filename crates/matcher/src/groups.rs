//! Numbers in groups: many short lists in two arrays.

use crate::file::{Array, FileError, Reader, Writer};

/// Lists of numbers, by the index of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    items: Array<u32>,
    /// List `i` is `items[starts[i]..starts[i + 1]]`.
    starts: Array<u32>,
}

impl Groups {
    /// Groups numbers by key: the distinct keys in order, and the numbers of each.
    pub(crate) fn by_key<K: Ord>(mut keyed: Vec<(K, u32)>) -> (Vec<K>, Self) {
        keyed.sort_unstable();
        let mut keys: Vec<K> = Vec::new();
        let (mut items, mut starts) = (Vec::with_capacity(keyed.len()), Vec::new());
        for (key, item) in keyed {
            if keys.last() != Some(&key) {
                starts.push(items.len() as u32);
                keys.push(key);
            }
            items.push(item);
        }
        starts.push(items.len() as u32);
        (keys, Self { items: items.into(), starts: starts.into() })
    }

    /// The numbers of one list.
    pub(crate) fn of(&self, list: u32) -> &[u32] {
        let list = list as usize;
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    /// Number of lists.
    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Stores the lists under a name.
    pub(crate) fn store(&self, name: &str, out: &mut Writer) {
        out.put(format!("{name}.starts"), &self.starts);
        out.put(format!("{name}.items"), &self.items);
    }

    /// Reads lists of numbers below `limit`, which are `what`.
    pub(crate) fn restore(name: &str, limit: usize, what: &'static str, file: &mut Reader) -> Result<Self, FileError> {
        let starts = file.take::<u32>(format!("{name}.starts"))?;
        let items = file.take::<u32>(format!("{name}.items"))?;
        items.expect_below(limit, what)?;
        // No list has no starts, and then there is none to lead anywhere.
        let (first, last) = (starts.first().copied().unwrap_or(0), starts.last().copied().unwrap_or(0));
        if let Some(at) = starts.windows(2).position(|pair| pair[0] > pair[1]) {
            let limit = format!("the one behind it starts at {}", starts[at + 1]);
            return Err(starts.refuse(at, "start of a list", starts[at], limit));
        }
        if first != 0 {
            return Err(starts.refuse(0, "start of the first list", first, "it must be 0"));
        }
        if last as usize != items.len() {
            let limit = format!("it must be {}, where the items end", items.len());
            return Err(starts.refuse(starts.len().saturating_sub(1), "end of the last list", last, limit));
        }
        Ok(Self { items: items.array(), starts: starts.array() })
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.items) + size_of_val(&*self.starts)
    }
}
