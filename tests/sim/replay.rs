use super::walk::walk;

#[test]
fn a_seed_that_is_run_twice_gives_the_same_log_byte_for_byte() {
    for seed in 0..4 {
        let first = walk(seed).log.join("\n");
        let second = walk(seed).log.join("\n");
        let differ = first
            .lines()
            .zip(second.lines())
            .find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
        assert!(first.lines().count() > 100, "{first}");
    }
}
