//! The guards.

use super::guard::{Caught, Edit, Guard};

/// All of them, by what they keep from happening.
pub fn guards() -> Vec<Guard> {
    [CREATIONS, OTHERS, ROTATIONS, LEASE, ORPHANS, PACE, SECRECY].concat()
}

const fn by(test: &'static str, says: &'static str) -> Caught {
    Caught { test, says }
}

const AUDIT: &str = "src/plan/audit/mod.rs";
const GATEWAY: &str = "src/plan/gateway/mod.rs";
const OBJECT: &str = "src/cluster/object.rs";
const ROTATE: &str = "src/plan/secret/rotate.rs";
const STANDING: &str = "src/plan/secret/standing.rs";
const JUDGE: &str = "src/plan/orphans/judge.rs";
const CALL: &str = "src/aws/call.rs";

/// Nothing is made, or asked for, twice, or for an object that is gone.
const CREATIONS: &[Guard] = &[
    Guard {
        name: "search by tags before a creation",
        edits: &[Edit {
            file: "src/plan/fact.rs",
            text: "Fact::RestApis(found) => self.record_search(⟦found⟧),",
            without: "Vec::new()",
        }],
        caught: by(
            "guarded::an_api_whose_id_was_lost_is_found_by_its_tags",
            "I2 ",
        ),
    },
    Guard {
        name: "announcement of a creation",
        edits: &[
            Edit {
                file: GATEWAY,
                text: "actions: ⟦vec![
            Action::Cluster(ClusterAction::RecordIntent {
                kind: INTENT_REST_API,
            }),
            Action::Gateway(create),
        ]⟧,",
                without: "vec![Action::Gateway(create)]",
            },
            Edit {
                file: AUDIT,
                text: "(⟦!announced⟧).then(|| \"a REST API is created without an announcement\".into())",
                without: "false",
            },
        ],
        caught: by(
            "guarded::an_api_that_is_not_listed_yet_is_not_made_again",
            "I2 ",
        ),
    },
    Guard {
        name: "wait for what was announced",
        edits: &[
            Edit {
                file: GATEWAY,
                text: "Seen::Absent => Err(⟦await_announced(observed, context)⟧",
                without: "None",
            },
            Edit {
                file: AUDIT,
                text: "if ⟦age.is_some_and(|age| age < CREATION_GRACE)⟧ {",
                without: "false",
            },
        ],
        caught: by(
            "guarded::an_api_that_is_not_listed_yet_is_not_made_again",
            "I2 ",
        ),
    },
    Guard {
        name: "version check of the status, and of what it announces",
        edits: &[Edit {
            file: OBJECT,
            text: "let mut version = ⟦self.object.resource_version()⟧;",
            without: "None",
        }],
        caught: by(
            "guarded_world::of_two_operators_that_decide_the_same_one_makes_it",
            "I2 ",
        ),
    },
    Guard {
        name: "live look at the object",
        edits: &[Edit {
            file: "src/controller/rounds.rs",
            text: "if self.context.is_stopping() || ⟦!self.stays(&plan).await?⟧ || !self.act(&plan).await",
            without: "false",
        }],
        caught: by(
            "guarded::nothing_is_made_for_an_object_that_is_gone_and_still_listed",
            "I1 ",
        ),
    },
    Guard {
        name: "unknown is not absent",
        edits: &[Edit {
            file: CALL,
            text: "Err(refusal) => ⟦Seen::Unknown(refusal.failure)⟧,",
            without: "{ drop(refusal); Seen::Absent }",
        }],
        caught: by(
            "guarded::what_may_not_be_read_is_not_taken_to_be_gone",
            "I1 ",
        ),
    },
    Guard {
        name: "wait for what was written to show",
        edits: &[Edit {
            file: "src/plan/written.rs",
            text: "context: Context) {
    if ⟦written.is_empty()⟧ {",
            without: "true",
        }],
        caught: by(
            "guarded::what_was_made_and_is_not_to_be_seen_yet_is_not_made_again",
            "I2 ",
        ),
    },
    Guard {
        name: "available twice in a row",
        edits: &[Edit {
            file: "src/plan/cache/group.rs",
            text: "Some(change) if ⟦!scene.observed.cache.is_seen_available()⟧ => {",
            without: "false",
        }],
        caught: by(
            "guarded::a_change_that_is_not_to_be_seen_yet_is_not_asked_for_again",
            "asked for twice",
        ),
    },
];

/// What is not the object's own is left alone.
const OTHERS: &[Guard] = &[
    Guard {
        name: "ownership tags before a write",
        edits: &[Edit {
            file: "src/model/identity.rs",
            text: "pub fn owns(&self, tags: &Tags) -> bool {
        ⟦self.ownership_tags()
            .iter()
            .all(|(key, value)| tags.get(key) == Some(value))⟧",
            without: "{ let _ = tags; true }",
        }],
        caught: by(
            "guarded::what_has_the_objects_names_and_not_its_tags_is_left_alone",
            "I9 ",
        ),
    },
    Guard {
        name: "owner of a Kubernetes Secret",
        edits: &[Edit {
            file: "src/cluster/secret.rs",
            text: "⟦secret.owner_references().iter().any(|reference| {
        reference.controller == Some(true) && Some(&reference.uid) == owner.meta().uid.as_ref()
    })⟧",
            without: "true",
        }],
        caught: by(
            "guarded::a_secret_of_a_users_own_is_left_alone",
            "the user's own Secret",
        ),
    },
    Guard {
        name: "version check of finalizers",
        edits: &[Edit {
            file: OBJECT,
            text: "\"resourceVersion\": ⟦version⟧, \"finalizers\": finalizers",
            without: "None",
        }],
        caught: by(
            "guarded::a_finalizer_that_comes_in_between_stays",
            "the other finalizer",
        ),
    },
    Guard {
        name: "pause",
        edits: &[Edit {
            file: "src/controller/reconcile.rs",
            text: ".is_some_and(|paused| ⟦paused == \"true\"⟧)",
            without: "{ let _ = paused; false }",
        }],
        caught: by(
            "guarded_world::nothing_is_written_for_a_paused_object",
            "cachedapis:patch",
        ),
    },
    Guard {
        name: "observe only",
        edits: &[
            Edit {
                file: "src/plan/mod.rs",
                text: "ManagementPolicy::ObserveOnly => ⟦plan.without_actions()⟧,",
                without: "plan",
            },
            Edit {
                file: AUDIT,
                text: "ManagementPolicy::Manage => Self::Converge(desired.mode),
            ManagementPolicy::ObserveOnly => ⟦Self::Observe⟧,",
                without: "Self::Converge(desired.mode)",
            },
        ],
        caught: by(
            "guarded_world::nothing_is_written_for_an_object_that_is_only_observed",
            "secrets:create",
        ),
    },
];

/// Nobody is locked out by a rotation.
const ROTATIONS: &[Guard] = &[
    Guard {
        name: "grace of the old password",
        edits: &[Edit {
            file: "src/plan/rotation/mod.rs",
            text: "Accepted::All if standing.passwords > 1 && ⟦standing.grace_over⟧ => Step::Retire,",
            without: "true",
        }],
        caught: by("guarded::a_rotation_locks_nobody_out", "I4 "),
    },
    Guard {
        name: "shortest grace",
        edits: &[Edit {
            file: "src/model/rotation.rs",
            text: "grace: ⟦grace.max(SHORTEST_GRACE)⟧,",
            without: "grace",
        }],
        caught: by(
            "guarded::a_successor_whose_clock_is_ahead_does_not_end_a_short_grace_too_soon",
            "I4 ",
        ),
    },
    Guard {
        name: "login before a promotion",
        edits: &[Edit {
            file: STANDING,
            text: "⟦self.login(version)
            .map(|login| login.accepted)
            .ok_or_else(|| AspectPlan::read(Read::Login(attempt)))⟧",
            without: "{ drop(attempt); Ok(Accepted::All) }",
        }],
        caught: by("guarded::a_rotation_locks_nobody_out", "I4 "),
    },
    Guard {
        name: "current password in every list",
        edits: &[
            Edit {
                file: ROTATE,
                text: "&[self.secret.labelled(AWSPENDING), ⟦self.secret.current()⟧],
                Purpose::BringIn,",
                without: "None",
            },
            Edit {
                file: AUDIT,
                text: "(⟦!kept⟧ || passwords.len() > 2)",
                without: "false",
            },
        ],
        caught: by("guarded::a_rotation_locks_nobody_out", "I4 "),
    },
    Guard {
        name: "wait for older lists of passwords",
        edits: &[Edit {
            file: STANDING,
            text: "⟦self.context
            .request_lifetime
            .saturating_sub(age.unwrap_or_default())⟧",
            without: "{ let _ = age; Duration::ZERO }",
        }],
        caught: by(
            "guarded::an_old_list_of_passwords_that_arrives_late_takes_no_current_one_away",
            "I4 ",
        ),
    },
    Guard {
        name: "rotation of somebody else",
        edits: &[Edit {
            file: STANDING,
            text: "Seen::Absent | Seen::Present(_) => Ok(⟦Pending::Foreign⟧),",
            without: "Pending::Lost",
        }],
        caught: by(
            "guarded::a_rotation_of_somebody_else_goes_on",
            "the other rotation's version",
        ),
    },
];

/// Who has no lease writes nothing.
const LEASE: &[Guard] = &[
    Guard {
        name: "lease before a call to AWS",
        edits: &[Edit {
            file: "src/aws/config.rs",
            text: ".http_client(fenced(client, ⟦fence⟧))",
            without: "Fence::open()",
        }],
        caught: by(
            "guarded_world::who_slept_through_the_lease_writes_nothing",
            "without a lease",
        ),
    },
    Guard {
        name: "lease before a write to the API server",
        edits: &[Edit {
            file: "src/cluster/fenced.rs",
            text: "if ⟦!is_guarded(&request)⟧ {",
            without: "true",
        }],
        caught: by(
            "guarded_world::who_slept_through_the_lease_writes_nothing",
            "without a lease",
        ),
    },
];

/// What has an owner, or may have, is not deleted as an orphan.
const ORPHANS: &[Guard] = &[
    Guard {
        name: "two sightings of an orphan, and the grace",
        edits: &[Edit {
            file: JUDGE,
            text: "if ⟦due <= self.now && latest < self.now⟧ {",
            without: "true",
        }],
        caught: by(
            "guarded_world::an_orphan_is_not_deleted_before_its_grace_is_over",
            "the grace",
        ),
    },
    Guard {
        name: "an empty list of objects is refused",
        edits: &[
            Edit {
                file: JUDGE,
                text: "if ⟦roster.uids.is_empty()⟧ {",
                without: "false",
            },
            Edit {
                file: JUDGE,
                text: "(⟦!matches⟧).then_some(Refusal::NoneMatches {",
                without: "false",
            },
        ],
        caught: by(
            "guarded_world::nothing_is_an_orphan_when_there_is_no_object_at_all",
            "nobody is left to ask",
        ),
    },
];

/// AWS is not asked more often than it may be.
const PACE: &[Guard] = &[
    Guard {
        name: "request quotas",
        edits: &[Edit {
            file: CALL,
            text: "let waited = ⟦self
            .governor
            .acquire(&self.region, operation)
            .await
            .map_err(|back| self.sent_away(operation, subject, back))?⟧;",
            without: "Duration::ZERO",
        }],
        caught: by(
            "guarded_world::a_creation_keeps_within_the_operators_share_of_the_quotas",
            "Quota {",
        ),
    },
    Guard {
        name: "rest after a failure",
        edits: &[Edit {
            file: "src/controller/reconcile.rs",
            text: "let mut failures = ⟦memory.held()⟧;",
            without: "BTreeMap::new()",
        }],
        caught: by(
            "guarded_world::what_was_refused_is_not_tried_whenever_something_else_is_looked_at",
            "tried again at once",
        ),
    },
];

/// Secrets are shown to nobody.
const SECRECY: &[Guard] = &[
    Guard {
        name: "redaction of what is printed",
        edits: &[Edit {
            file: "src/plan/seen.rs",
            text: "f.write_str(⟦\"***\"⟧)",
            without: "self.reveal()",
        }],
        caught: by("secrecy::nothing_that_is_printed_shows_a_secret", "I5"),
    },
    Guard {
        name: "messages that quote a password",
        edits: &[Edit {
            file: CALL,
            text: "self.failure.message = ⟦self.failure.message.replace(secret.reveal(), \"***\")⟧;",
            without: "self.failure.message.clone()",
        }],
        caught: by(
            "secrecy::a_refusal_that_quotes_the_password_is_told_without_it",
            "I5",
        ),
    },
    Guard {
        name: "silence of the SDK",
        edits: &[
            Edit {
                file: CALL,
                text: ".with_subscriber(⟦Dispatch::none()⟧)",
                without: "tracing::dispatcher::get_default(Clone::clone)",
            },
            Edit {
                file: "src/telemetry/log.rs",
                text: "⟦*metadata.level() <= cap(metadata.target())⟧",
                without: "{ let _ = metadata; true }",
            },
        ],
        caught: by(
            "secrecy::a_creation_and_a_rotation_show_no_secret_at_any_log_level",
            "I5",
        ),
    },
];
