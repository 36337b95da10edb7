use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{
    Fact, FunctionAction, FunctionUpdate, ObservedAlias, ObservedFunction, PublishedVersion, Read,
    RoleAction, Seen, Variables,
};

/// Bound Lambda functions, by ARN.
#[derive(Clone, Default)]
pub struct Functions {
    pub all: BTreeMap<String, Lambda>,
    /// Those that status remembers.
    pub remembered: BTreeSet<String>,
    /// Whether the operator may write policies.
    pub managed: bool,
    /// Inline policies by role and name.
    pub policies: BTreeMap<(String, String), String>,
    /// Roles that status remembers.
    pub policy_roles: BTreeSet<String>,
}

/// A function with an alias `live`.
#[derive(Clone, Default)]
pub struct Lambda {
    pub variables: Variables,
    pub updating: bool,
    pub code: String,
    pub revision: u32,
    /// Environment and code of each version, from number 1 on.
    pub versions: Vec<(Variables, String)>,
    /// Number of the version that the alias points to.
    pub live: usize,
    pub weighted: bool,
    pub role: Option<String>,
}

impl Functions {
    /// Somebody makes a function with this variable.
    pub fn make(&mut self, arn: &str, variable: (&str, &str)) -> &mut Lambda {
        let variables: Variables = [(
            variable.0.to_owned(),
            crate::plan::Sensitive::new(variable.1),
        )]
        .into();
        let made = Lambda {
            versions: vec![(variables.clone(), String::new())],
            variables,
            live: 1,
            ..Lambda::default()
        };
        self.all.insert(arn.to_owned(), made);
        self.all.get_mut(arn).unwrap()
    }

    pub fn tick(&mut self) {
        for function in self.all.values_mut() {
            function.updating = false;
        }
    }

    pub fn read(&self, read: &Read) -> Fact {
        match read {
            Read::Function { arn } => Fact::Function {
                arn: arn.clone(),
                function: self
                    .all
                    .get(arn)
                    .map_or(Seen::Absent, |function| Seen::Present(function.observe())),
            },
            Read::FunctionAlias { function, .. } => Fact::FunctionAlias {
                function: function.clone(),
                alias: self
                    .all
                    .get(function)
                    .map_or(Seen::Absent, |function| Seen::Present(function.alias())),
            },
            Read::RolePolicy { role, policy } => Fact::RolePolicy {
                role: role.clone(),
                policy: self
                    .policies
                    .get(&(role.clone(), policy.clone()))
                    .map_or(Seen::Absent, |document| Seen::Present(document.clone())),
            },
            other => panic!("Lambda has no use for {other:?}"),
        }
    }

    pub fn write_policy(&mut self, action: &RoleAction) {
        match action {
            RoleAction::PutRolePolicy {
                role,
                policy,
                document,
            } => {
                assert!(
                    self.policy_roles.contains(role),
                    "status knows {role} first"
                );
                let key = (role.clone(), policy.clone());
                self.policies.insert(key, document.clone());
            }
            RoleAction::DeleteRolePolicy { role, policy } => {
                self.policies.remove(&(role.clone(), policy.clone()));
            }
        }
    }

    pub fn write(&mut self, action: &FunctionAction) -> Option<Fact> {
        let arn = match action {
            FunctionAction::UpdateConfiguration { function, .. }
            | FunctionAction::PublishVersion { function, .. }
            | FunctionAction::UpdateAlias { function, .. } => function,
        };
        let function = self.all.get_mut(arn).expect("the function is there");
        self.remembered.insert(arn.clone());
        match action {
            FunctionAction::UpdateConfiguration {
                revision,
                variables,
                ..
            } => {
                assert!(!function.updating, "ResourceConflictException: {arn}");
                assert_eq!(*revision, function.revision.to_string());
                function.variables = variables.clone();
                function.updating = true;
                function.revision += 1;
                None
            }
            FunctionAction::PublishVersion { revision, .. } => {
                assert!(!function.updating, "ResourceConflictException: {arn}");
                assert_eq!(*revision, function.revision.to_string());
                let current = (function.variables.clone(), function.code.clone());
                if function.versions.last() != Some(&current) {
                    function.versions.push(current);
                }
                Some(Fact::FunctionPublished {
                    function: arn.clone(),
                    version: PublishedVersion {
                        number: function.versions.len().to_string(),
                        active: true,
                    },
                })
            }
            FunctionAction::UpdateAlias { version, .. } => {
                function.live = version.parse().unwrap();
                None
            }
        }
    }
}

impl Lambda {
    fn observe(&self) -> ObservedFunction {
        ObservedFunction {
            revision: self.revision.to_string(),
            variables: self.variables.clone(),
            code: Some(self.code.clone()),
            update: if self.updating {
                FunctionUpdate::InProgress
            } else {
                FunctionUpdate::Done
            },
            role: self.role.clone(),
        }
    }

    /// What callers of the alias get.
    pub fn served(&self) -> &(Variables, String) {
        &self.versions[self.live - 1]
    }

    fn alias(&self) -> ObservedAlias {
        let (variables, code) = self.served().clone();
        ObservedAlias {
            revision: self.live.to_string(),
            weighted: self.weighted,
            variables,
            code: Some(code),
        }
    }
}
