use super::*;

fn rest() -> TokenStanding {
    TokenStanding {
        current: Current::Password(Accepted::All),
        pending: Pending::None,
        previous: Some(Accepted::None),
        known: Known::Alone,
        fenced: true,
        at_rest: true,
        stuck: false,
        due: false,
        grace_over: true,
    }
}

fn rotating(current: Accepted, pending: Accepted) -> TokenStanding {
    TokenStanding {
        current: Current::Password(current),
        pending: Pending::Ours(pending),
        due: true,
        ..rest()
    }
}

fn check(cases: &[(&str, TokenStanding, TokenStep)]) {
    for (reason, standing, step) in cases {
        assert_eq!(next_auth_token_step(*standing), *step, "{reason}");
    }
}

#[test]
fn a_rotation_goes_from_one_step_to_the_next() {
    use Accepted::{All, None};
    let due = TokenStanding {
        due: true,
        ..rest()
    };
    let unfenced = TokenStanding {
        fenced: false,
        ..rotating(All, None)
    };
    let promoted = TokenStanding {
        pending: Pending::Promoted,
        previous: Some(All),
        known: Known::Unsure,
        grace_over: false,
        ..rest()
    };
    let in_grace = TokenStanding {
        pending: Pending::None,
        ..promoted
    };
    let over = TokenStanding {
        grace_over: true,
        ..in_grace
    };
    let newest = TokenStanding {
        known: Known::Newest,
        ..over
    };
    check(&[
        ("nothing is due", rest(), TokenStep::Rest),
        ("due", due, TokenStep::Put),
        (
            "a token from before may still arrive",
            unfenced,
            TokenStep::Wait(Awaited::Fence),
        ),
        (
            "the server does not know it",
            rotating(All, None),
            TokenStep::RotatePending,
        ),
        (
            "both open every node",
            rotating(All, All),
            TokenStep::Promote,
        ),
        ("promoted", promoted, TokenStep::DropPending),
        ("inside the grace", in_grace, TokenStep::Rest),
        (
            "the grace is over, and who looks is new here",
            over,
            TokenStep::RotateCurrent,
        ),
        ("the current one is the newest", newest, TokenStep::Set),
    ]);
}

#[test]
fn no_token_is_added_that_could_push_the_current_one_out() {
    use Accepted::{All, None, Some, Unknown};
    let unsure = |pending| TokenStanding {
        known: Known::Unsure,
        ..rotating(All, pending)
    };
    let busy = TokenStanding {
        at_rest: false,
        ..rotating(All, None)
    };
    let stuck = |standing| TokenStanding {
        stuck: true,
        ..standing
    };
    check(&[
        (
            "another one may be newer",
            unsure(None),
            TokenStep::RotateCurrent,
        ),
        ("it is there", unsure(All), TokenStep::Promote),
        (
            "it is on its way",
            unsure(Some),
            TokenStep::Wait(Awaited::Spread),
        ),
        (
            "it got no further, and may be the newest on a node",
            stuck(unsure(Some)),
            TokenStep::RotateCurrent,
        ),
        (
            "it got no further",
            stuck(rotating(All, Some)),
            TokenStep::RotatePending,
        ),
        (
            "no word on it",
            unsure(Unknown),
            TokenStep::Wait(Awaited::Nodes),
        ),
        ("ElastiCache works", busy, TokenStep::Wait(Awaited::Rest)),
        (
            "ElastiCache works, and nothing is to be done",
            TokenStanding {
                at_rest: false,
                ..rest()
            },
            TokenStep::Rest,
        ),
    ]);
}

#[test]
fn half_states_heal() {
    use Accepted::{All, None, Some, Unknown};
    let at = |current| TokenStanding {
        current: Current::Password(current),
        ..rest()
    };
    let with = |pending| TokenStanding { pending, ..rest() };
    check(&[
        ("somebody set another", at(None), TokenStep::RotateCurrent),
        ("it spreads", at(Some), TokenStep::Wait(Awaited::Spread)),
        ("no word", at(Unknown), TokenStep::Wait(Awaited::Nodes)),
        (
            "clients are locked out until it is promoted",
            rotating(None, All),
            TokenStep::Promote,
        ),
        (
            "there may be another that no version has",
            TokenStanding {
                known: Known::Newest,
                ..rest()
            },
            TokenStep::Set,
        ),
        (
            "the pending value is lost",
            with(Pending::Lost),
            TokenStep::Put,
        ),
        (
            "somebody else rotates",
            with(Pending::Foreign),
            TokenStep::Report(Trouble::ForeignRotation),
        ),
    ]);
}

#[test]
fn a_current_version_without_a_token_gives_way_to_one_that_works() {
    use Accepted::{All, None, Some, Unknown};
    let unusable = |pending, previous| TokenStanding {
        current: Current::Unusable,
        pending,
        previous,
        ..rest()
    };
    check(&[
        (
            "current is missing, the pending one works",
            unusable(Pending::Ours(All), Option::Some(None)),
            TokenStep::Promote,
        ),
        (
            "current is missing, both others work: consumers have the previous one",
            unusable(Pending::Ours(All), Option::Some(All)),
            TokenStep::Restore,
        ),
        (
            "current is missing, the previous one works on a node and spreads no more",
            TokenStanding {
                stuck: true,
                ..unusable(Pending::None, Option::Some(Some))
            },
            TokenStep::Restore,
        ),
        (
            "current is missing, the pending one works on a node and spreads no more",
            TokenStanding {
                stuck: true,
                ..unusable(Pending::Ours(Some), Option::None)
            },
            TokenStep::Promote,
        ),
        (
            "current is missing, the previous one works",
            unusable(Pending::None, Option::Some(All)),
            TokenStep::Restore,
        ),
        (
            "current is missing, no word on the previous one",
            unusable(Pending::None, Option::Some(Unknown)),
            TokenStep::Wait(Awaited::Nodes),
        ),
        (
            "nothing works",
            unusable(Pending::None, Option::Some(None)),
            TokenStep::Report(Trouble::NoPassword),
        ),
    ]);
}
