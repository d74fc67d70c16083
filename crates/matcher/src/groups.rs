//! Numbers in groups: many short lists in two arrays.

/// Lists of numbers, by the index of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    items: Vec<u32>,
    /// List `i` is `items[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
}

impl Groups {
    /// Groups numbers by key: the distinct keys in order, and the numbers of each.
    pub(crate) fn by_key<K: Ord>(mut keyed: Vec<(K, u32)>) -> (Vec<K>, Self) {
        keyed.sort_unstable();
        let mut keys: Vec<K> = Vec::new();
        let mut groups = Self { items: Vec::with_capacity(keyed.len()), starts: Vec::new() };
        for (key, item) in keyed {
            if keys.last() != Some(&key) {
                groups.starts.push(groups.items.len() as u32);
                keys.push(key);
            }
            groups.items.push(item);
        }
        groups.starts.push(groups.items.len() as u32);
        (keys, groups)
    }

    /// The numbers of one list.
    pub(crate) fn of(&self, list: u32) -> &[u32] {
        let list = list as usize;
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.items) + size_of_val(&*self.starts)
    }
}
