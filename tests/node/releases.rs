//! What becomes of objects, and of what they own in AWS, when the release changes under them.

use std::fs;
use std::path::Path;
use std::process::Command;

use cachedapi_hack::command;
use cachedapi_hack::demo;
use cachedapi_hack::operator::{Pods, Release};

use crate::world::{World, change, ready};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/cachedapi");
/// Before the fields of the spec.
const MARGIN: &str = "              ";
/// A field, with a default, that the CRD of the earlier chart does not have.
const NEWER: &str = "managementPolicy";

/// A copy of the chart as an earlier version had it: with another version, and a CRD that lacks a field.
fn earlier_chart() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    command::output(Command::new("cp").args(["-rL", CHART]).arg(folder.path())).unwrap();
    let chart = folder.path().join("cachedapi");
    edit(&chart.join("Chart.yaml"), |text| {
        let version = text.lines().find(|line| line.starts_with("version: "));
        text.replace(version.unwrap(), "version: 0.0.9")
    });
    edit(&chart.join("files/cachedapis.yaml"), |text| {
        let (before, field) = text.split_once(&format!("{MARGIN}{NEWER}:\n")).unwrap();
        let is_next =
            |line: &&str| line.starts_with(MARGIN) && !line[MARGIN.len()..].starts_with(' ');
        let next = field.lines().find(is_next).unwrap();
        format!("{before}{}", &field[field.find(next).unwrap()..])
    });
    folder
}

fn edit(path: &Path, how: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let edited = how(&text);
    assert_ne!(edited, text);
    fs::write(path, edited).unwrap();
}

impl World {
    /// Whether the CRD has the newer field.
    fn has_newer_field(&self) -> bool {
        let crd = self
            .environment
            .kubectl()
            .json(["get", "crd", demo::CRDS[0]])
            .unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        !schema["properties"]["spec"]["properties"][NEWER].is_null()
    }

    fn release(&self) -> Release<'static> {
        self.environment.release()
    }
}

#[test]
fn objects_and_what_is_in_aws_outlive_upgrade_rollback_removal_and_return_of_the_release() {
    let world = World::take();
    let earlier = earlier_chart();
    let chart = earlier.path().join("cachedapi");
    Pods::install_release(world.environment, world.release().of_chart(chart), &[]).unwrap();
    assert!(!world.has_newer_field());
    let object = world.create("releases");
    ready(&object);
    let owned = object.owned().unwrap();
    let mut spec = object.get().unwrap()["spec"].clone();

    world.install(&[]);
    assert!(world.has_newer_field(), "helm upgrade updates the CRD");
    spec[NEWER] = "Manage".into();
    assert_eq!(
        object.get().unwrap()["spec"],
        spec,
        "what is stored stays valid"
    );
    change(&object, 400);
    ready(&object);

    let mut back = world.release().helm();
    command::output(back.args(["rollback", "cachedapi", "--wait"])).unwrap();
    assert!(!world.has_newer_field());
    change(&object, 300);
    ready(&object);

    let said = world.release().uninstall().unwrap();
    assert!(
        said.contains(demo::CRDS[0]),
        "helm tells what it has kept: {said}"
    );
    object.mount_bindings().unwrap();
    let answer = object.call("/orders/42", &[]).unwrap();
    assert_eq!(answer.status, 200, "an API does not need its operator");

    world.install(&[]);
    change(&object, 200);
    ready(&object);
    assert_eq!(
        object.owned().unwrap(),
        owned,
        "what was there is taken up again"
    );
    world.remove(&object, "releases");
    world.remove_chart();
}

#[test]
fn two_releases_look_after_a_namespace_each_and_leave_the_others_alone() {
    let world = World::take();
    let (first, second) = (
        world.create_namespace("first"),
        world.create_namespace("second"),
    );
    world.install(&[&format!("watchNamespaces={{{first}}}")]);
    let values = [
        format!("watchNamespaces={{{second}}}"),
        "crd.create=false".to_owned(),
    ];
    let other = world.release().named("second");
    Pods::install_release(world.environment, other.clone(), &values).unwrap();
    let objects = [first, second].map(|namespace| world.create_in(namespace));
    objects.iter().for_each(ready);

    // With one release gone, changes of its namespace wait; the other goes on.
    other.uninstall().unwrap();
    let before = objects[1].get().unwrap()["status"].clone();
    objects.iter().for_each(|object| change(object, 400));
    ready(&objects[0]);
    assert_eq!(objects[1].get().unwrap()["status"], before);

    Pods::install_release(world.environment, other.clone(), &values).unwrap();
    ready(&objects[1]);
    world.remove(&objects[0], first);
    world.remove(&objects[1], second);
    other.uninstall().unwrap();
    world.remove_chart();
}
