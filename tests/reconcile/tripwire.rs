use std::future::Future;

pub use crate::wire::Side;

/// Has an operator crash at each of its writes in turn, on both sides: `crash` does so at one, and says whether there is such a write. `what` has `least`
/// writes at least.
pub async fn at_every_write<F>(what: &str, least: usize, crash: impl Fn(usize, Side) -> F)
where
    F: Future<Output = bool>,
{
    for side in [Side::NotSent, Side::Applied] {
        let mut index = 0;
        while crash(index, side).await {
            index += 1;
        }
        println!("{index} crashes");
        assert!(index >= least, "{what} has that many writes, not {index}");
    }
}
