use super::super::search::{find, prove};
use super::liveness::settle;
use super::setup::{ALL, Fault, Guards, Proof, Setup};
use Fault::{
    Dark, EmptyPending, Foreign, LabelByHand, Lag, LateCopy, NoValueByHand, NodeReset,
    PendingByHand, ServerByHand, ValueByHand,
};

/// Two controllers without a common clock, and a network that keeps requests.
const OURS: Setup = Setup {
    controllers: 2,
    epochs: 3,
    faults: 1,
    kinds: &[LateCopy, Lag, EmptyPending, PendingByHand],
    guards: ALL,
};

#[test]
fn two_controllers_and_a_network_that_keeps_requests_lock_nobody_out() {
    prove(&OURS, 15_000, settle);
    let deeper = Setup {
        epochs: 2,
        faults: 3,
        ..OURS
    };
    prove(&deeper, 5_000, settle);
}

#[test]
fn people_and_other_rotators_at_the_secret_lock_nobody_out() {
    let secret = Setup {
        controllers: 1,
        epochs: 2,
        faults: 2,
        kinds: &[
            LateCopy,
            Lag,
            PendingByHand,
            ValueByHand,
            LabelByHand,
            NoValueByHand,
            Foreign,
            Dark,
        ],
        guards: ALL,
    };
    prove(&secret, 30_000, settle);
    let two = Setup {
        controllers: 2,
        faults: 1,
        ..secret
    };
    prove(&two, 10_000, settle);
}

#[test]
fn people_at_the_cache_and_nodes_that_fail_lock_nobody_out() {
    let cache = Setup {
        epochs: 2,
        faults: 2,
        kinds: &[
            LateCopy,
            Lag,
            EmptyPending,
            PendingByHand,
            ServerByHand,
            NoValueByHand,
            NodeReset,
            Dark,
        ],
        ..OURS
    };
    prove(&cache, 10_000, settle);
}

#[test]
fn without_the_grace_gate_a_client_is_locked_out() {
    let guards = Guards {
        grace: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 2,
        faults: 0,
        guards,
        ..OURS
    };
    find(&setup, "a client is locked out");
}

#[test]
fn without_the_fence_a_late_copy_takes_the_current_password_away() {
    let guards = Guards {
        fence: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        guards,
        ..OURS
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn a_promotion_that_does_not_wait_for_the_fence_meets_a_list_from_before() {
    let guards = Guards { wait: false, ..ALL };
    let setup = Setup {
        controllers: 1,
        guards,
        ..OURS
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn what_was_only_sent_is_no_proof_and_a_password_that_did_not_arrive_becomes_current() {
    let guards = Guards {
        proof: Proof::Sent,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 2,
        faults: 0,
        guards,
        ..OURS
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn the_number_of_passwords_proves_enough_only_to_a_single_process_that_nobody_interferes_with() {
    let guards = Guards {
        proof: Proof::Number,
        ..ALL
    };
    let two = Setup { guards, ..OURS };
    find(&two, "AWSCURRENT is refused");
    let alone = Setup {
        controllers: 1,
        faults: 2,
        kinds: &[LateCopy, EmptyPending],
        ..two
    };
    prove(&alone, 500, settle);
}

#[test]
fn without_another_look_at_the_labels_a_stale_list_takes_the_current_password_away() {
    let guards = Guards {
        reread: false,
        ..ALL
    };
    let setup = Setup {
        faults: 0,
        guards,
        ..OURS
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn without_waiting_for_rest_a_list_that_still_spreads_takes_the_promoted_password_away() {
    let guards = Guards {
        at_rest: false,
        ..ALL
    };
    find(&Setup { guards, ..OURS }, "AWSCURRENT is refused");
}

#[test]
fn without_overlap_the_current_password_is_taken_away_before_the_promotion() {
    let guards = Guards {
        overlap: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 2,
        faults: 0,
        guards,
        ..OURS
    };
    find(&setup, "AWSCURRENT is refused");
}
