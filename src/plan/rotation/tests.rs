use super::*;

fn rest() -> Standing {
    Standing {
        current: Current::Password(Accepted::All),
        pending: Pending::None,
        previous: Some(Accepted::None),
        passwords: 1,
        fenced: true,
        at_rest: true,
        stuck: false,
        due: false,
        grace_over: true,
    }
}

fn rotating(current: Accepted, pending: Accepted) -> Standing {
    Standing {
        current: Current::Password(current),
        pending: Pending::Ours(pending),
        due: true,
        ..rest()
    }
}

fn unusable(pending: Pending, previous: Option<Accepted>) -> Standing {
    Standing {
        current: Current::Unusable,
        pending,
        previous,
        ..rest()
    }
}

fn check(cases: &[(&str, Standing, Step)]) {
    for (reason, standing, step) in cases {
        assert_eq!(next_step(*standing), *step, "{reason}");
    }
}

#[test]
fn a_rotation_goes_from_one_step_to_the_next() {
    use Accepted::{All, None, Some};
    check(&[
        ("nothing is due", rest(), Step::Rest),
        (
            "due",
            Standing {
                due: true,
                ..rest()
            },
            Step::Put,
        ),
        (
            "the server does not know it",
            rotating(All, None),
            Step::AcceptPending,
        ),
        (
            "ElastiCache works",
            Standing {
                at_rest: false,
                ..rotating(All, None)
            },
            Step::Wait(Awaited::Rest),
        ),
        (
            "it spreads",
            rotating(All, Some),
            Step::Wait(Awaited::Spread),
        ),
        (
            "a list from before it may still arrive",
            Standing {
                fenced: false,
                ..rotating(All, All)
            },
            Step::Wait(Awaited::Fence),
        ),
        ("both open every node", rotating(All, All), Step::Promote),
    ]);
}

#[test]
fn the_old_password_goes_when_the_grace_is_over() {
    check(&[
        (
            "promoted",
            Standing {
                pending: Pending::Promoted,
                passwords: 2,
                grace_over: false,
                ..rest()
            },
            Step::DropPending,
        ),
        (
            "inside the grace",
            Standing {
                passwords: 2,
                grace_over: false,
                ..rest()
            },
            Step::Rest,
        ),
        (
            "the grace is over",
            Standing {
                passwords: 2,
                ..rest()
            },
            Step::Retire,
        ),
    ]);
}

#[test]
fn a_rotation_does_not_start_before_the_last_one_is_over() {
    check(&[
        (
            "the grace runs",
            Standing {
                due: true,
                grace_over: false,
                passwords: 2,
                ..rest()
            },
            Step::Rest,
        ),
        (
            "the grace runs, and the old password is gone",
            Standing {
                due: true,
                grace_over: false,
                ..rest()
            },
            Step::Rest,
        ),
        (
            "the old password still works",
            Standing {
                due: true,
                passwords: 2,
                ..rest()
            },
            Step::Retire,
        ),
    ]);
}

#[test]
fn a_version_that_is_pending_inside_the_grace_waits_or_is_given_up() {
    use Accepted::{All, None, Some};
    let early = |current, pending| Standing {
        grace_over: false,
        passwords: 2,
        ..rotating(current, pending)
    };
    check(&[
        (
            "there is no room for it beside the previous one",
            early(All, None),
            Step::Rest,
        ),
        ("it is not promoted either", early(All, All), Step::Rest),
        (
            "a list without it is needed now and may arrive later again",
            early(None, None),
            Step::DropPending,
        ),
        ("it spreads", early(Some, None), Step::Wait(Awaited::Spread)),
        (
            "clients are locked out until it is promoted",
            early(None, All),
            Step::Promote,
        ),
    ]);
}

#[test]
fn half_states_heal() {
    use Accepted::{All, None, Some};
    let at = |current| Standing {
        current: Current::Password(current),
        ..rest()
    };
    check(&[
        ("somebody changed the user", at(None), Step::Heal),
        ("it spreads", at(Some), Step::Wait(Awaited::Spread)),
        (
            "it does not spread any more",
            Standing {
                stuck: true,
                ..at(Some)
            },
            Step::Heal,
        ),
        (
            "only the pending one works: clients are locked out",
            rotating(None, All),
            Step::Promote,
        ),
        (
            "the same while ElastiCache works",
            Standing {
                at_rest: false,
                ..rotating(None, All)
            },
            Step::Promote,
        ),
        (
            "somebody changed the user in mid-rotation",
            rotating(None, None),
            Step::AcceptPending,
        ),
        (
            "the pending one does not reach a node",
            Standing {
                stuck: true,
                ..rotating(All, Some)
            },
            Step::AcceptPending,
        ),
    ]);
}

#[test]
fn a_pending_value_that_is_lost_is_made_again() {
    let lost = Standing {
        pending: Pending::Lost,
        ..rest()
    };
    check(&[
        ("nothing accepts it", lost, Step::Put),
        (
            "the cache accepts it",
            Standing {
                passwords: 2,
                ..lost
            },
            Step::Retire,
        ),
        (
            "the current one is refused",
            Standing {
                current: Current::Password(Accepted::None),
                ..lost
            },
            Step::Heal,
        ),
    ]);
}

#[test]
fn a_current_version_without_a_password_gives_way_to_one_that_works() {
    use Accepted::{All, Some};
    check(&[
        (
            "current is missing, the pending one works",
            unusable(Pending::Ours(All), Option::None),
            Step::Promote,
        ),
        (
            "current is missing, the previous one works",
            unusable(Pending::None, Option::Some(All)),
            Step::Restore,
        ),
        (
            "current is missing, the pending one works on a node and spreads no more",
            Standing {
                stuck: true,
                ..unusable(Pending::Ours(Some), Option::None)
            },
            Step::Promote,
        ),
        (
            "current is missing, both others work: consumers have the previous one",
            unusable(Pending::Ours(All), Option::Some(All)),
            Step::Restore,
        ),
        (
            "current is missing, the previous one works on a node and spreads no more",
            Standing {
                stuck: true,
                ..unusable(Pending::None, Option::Some(Some))
            },
            Step::Restore,
        ),
    ]);
}

#[test]
fn what_is_not_known_or_not_ours_changes_nothing() {
    use Accepted::{All, None, Unknown};
    let unknown = Standing {
        current: Current::Password(Unknown),
        ..rest()
    };
    check(&[
        (
            "no word from the nodes",
            Standing {
                due: true,
                ..unknown
            },
            Step::Wait(Awaited::Nodes),
        ),
        (
            "no word on the pending one",
            rotating(All, Unknown),
            Step::Wait(Awaited::Nodes),
        ),
        (
            "no word on the current one",
            rotating(Unknown, All),
            Step::Wait(Awaited::Nodes),
        ),
        (
            "somebody else rotates",
            Standing {
                pending: Pending::Foreign,
                due: true,
                ..rest()
            },
            Step::Report(Trouble::ForeignRotation),
        ),
        (
            "no password anywhere",
            unusable(Pending::None, Some(None)),
            Step::Report(Trouble::NoPassword),
        ),
        (
            "no word on the previous one",
            unusable(Pending::None, Some(Unknown)),
            Step::Wait(Awaited::Nodes),
        ),
    ]);
}
