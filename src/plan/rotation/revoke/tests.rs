use super::*;

fn rest() -> RevokeStanding {
    RevokeStanding {
        current: Current::Password(Accepted::All),
        pending: Pending::None,
        incoming: Place::Absent,
        outgoing: false,
        at_rest: true,
        stuck: false,
        asked: false,
        grace_over: true,
    }
}

fn joining(incoming: Place, pending: Accepted) -> RevokeStanding {
    RevokeStanding {
        pending: Pending::Ours(pending),
        incoming,
        asked: true,
        ..rest()
    }
}

fn leaving() -> RevokeStanding {
    RevokeStanding {
        outgoing: true,
        ..rest()
    }
}

fn check(cases: &[(&str, RevokeStanding, RevokeStep)]) {
    for (reason, standing, step) in cases {
        assert_eq!(next_revoke_step(*standing), *step, "{reason}");
    }
}

#[test]
fn a_revocation_goes_from_one_step_to_the_next() {
    use Accepted::{All, None};
    let asked = RevokeStanding {
        asked: true,
        ..rest()
    };
    let promoted = RevokeStanding {
        pending: Pending::Promoted,
        grace_over: false,
        ..leaving()
    };
    let in_grace = RevokeStanding {
        pending: Pending::None,
        ..promoted
    };
    check(&[
        ("nobody asks", rest(), RevokeStep::Rest),
        ("asked", asked, RevokeStep::Put),
        (
            "it has no user yet",
            joining(Place::Absent, None),
            RevokeStep::CreateUser,
        ),
        (
            "its user opens nothing",
            joining(Place::Outside, None),
            RevokeStep::AddUser,
        ),
        (
            "it opens every node",
            joining(Place::Member, All),
            RevokeStep::Promote,
        ),
        ("promoted", promoted, RevokeStep::DropPending),
        ("inside the grace", in_grace, RevokeStep::Rest),
        ("the grace is over", leaving(), RevokeStep::DeleteUser),
    ]);
}

#[test]
fn nobody_leaves_and_nothing_is_promoted_before_a_login_says_so() {
    use Accepted::{None, Some, Unknown};
    let outgoing = |current| RevokeStanding {
        current: Current::Password(current),
        ..leaving()
    };
    let stuck = |standing| RevokeStanding {
        stuck: true,
        ..standing
    };
    let busy = RevokeStanding {
        at_rest: false,
        ..joining(Place::Outside, None)
    };
    check(&[
        ("ElastiCache works", busy, RevokeStep::Wait(Awaited::Rest)),
        (
            "it spreads",
            joining(Place::Member, Some),
            RevokeStep::Wait(Awaited::Spread),
        ),
        (
            "no word on it",
            joining(Place::Member, Unknown),
            RevokeStep::Wait(Awaited::Nodes),
        ),
        (
            "somebody gave its user another password",
            stuck(joining(Place::Member, None)),
            RevokeStep::DropPending,
        ),
        (
            "no word on the current one",
            outgoing(Unknown),
            RevokeStep::Wait(Awaited::Nodes),
        ),
        (
            "the current one spreads",
            outgoing(Some),
            RevokeStep::Wait(Awaited::Spread),
        ),
        (
            "the current one is refused, and another lets consumers in",
            outgoing(None),
            RevokeStep::Put,
        ),
    ]);
}

#[test]
fn half_states_heal_or_are_reported() {
    use Accepted::{All, None};
    let with = |pending| RevokeStanding { pending, ..rest() };
    let unusable = |standing| RevokeStanding {
        current: Current::Unusable,
        ..standing
    };
    let locked_out = RevokeStanding {
        current: Current::Password(None),
        at_rest: false,
        ..joining(Place::Member, All)
    };
    let lost = RevokeStanding {
        asked: true,
        ..with(Pending::Lost)
    };
    check(&[
        (
            "somebody else rotates",
            with(Pending::Foreign),
            RevokeStep::Report(Trouble::ForeignRotation),
        ),
        ("the pending value is lost", lost, RevokeStep::Put),
        (
            "the pending value of a rotation is lost while a user goes",
            with(Pending::Lost),
            RevokeStep::DropPending,
        ),
        ("clients are locked out", locked_out, RevokeStep::Promote),
        (
            "current is missing, the pending one works",
            unusable(joining(Place::Member, All)),
            RevokeStep::Promote,
        ),
        (
            "current is missing, the pending one does not work yet",
            unusable(joining(Place::Outside, None)),
            RevokeStep::AddUser,
        ),
        (
            "nothing works",
            unusable(rest()),
            RevokeStep::Report(Trouble::NoPassword),
        ),
    ]);
}
