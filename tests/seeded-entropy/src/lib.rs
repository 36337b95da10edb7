//! One seed for the random numbers that the standard library takes from the system.
//!
//! A [`std::collections::HashMap`] iterates in an order that differs from process to process: its keys come from `getrandom(2)`, once per thread. The standard
//! library calls it by a weak symbol, so that a program can put its own in place ("allows interposition, e.g. for perf measurements that want to
//! disable randomness for consistency", `library/std/src/sys/random/linux.rs`). A program that links this crate has such a one. Only for tests: what it gives is no secret.

use std::cell::Cell;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// From here on this thread gets the numbers of `seed`. The standard library draws the keys of a thread's maps when the first map is made: seed before.
pub fn seed(seed: u64) {
    STATE.set(seed);
}

/// `SplitMix64`.
fn next() -> u64 {
    let state = STATE.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Stands in for `getrandom(2)`: fills `length` bytes at `buffer` and returns their number.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes, as for the system's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&next().to_le_bytes()[..chunk.len()]);
    }
    length.cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    fn order(seed: u64) -> Vec<u32> {
        let order = move || {
            super::seed(seed);
            (0..100).collect::<HashSet<u32>>().into_iter().collect()
        };
        thread::spawn(order).join().unwrap()
    }

    #[test]
    fn maps_of_one_seed_have_one_order_and_those_of_another_have_another() {
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
