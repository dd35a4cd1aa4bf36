//! Random moments for faults: the splitmix64 sequence.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A sequence that its number determines.
pub struct Random(pub u64);

impl Random {
    /// One that differs from run to run.
    pub fn of_now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(now.map_or(1, |now| u64::from(now.subsec_nanos()) ^ now.as_secs()))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// So many milliseconds, and fewer than so many.
    pub fn between(&mut self, shortest: u64, longest: u64) -> Duration {
        let range = (longest - shortest).max(1);
        Duration::from_millis(shortest + self.draw() % range)
    }
}
