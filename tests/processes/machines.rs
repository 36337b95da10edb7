//! Machines that lack something, and those of others that end.

use std::fs;
use std::process::Command;

use cachedapi_hack::local_aws::{Behaviour, LocalAws};
use cachedapi_hack::ports;
use cachedapi_hack::process::{Lifetime, Place};

use crate::wire::{At, Effect};
use crate::world::{Aws, Case, Shared, until};

/// Runs a program of util-linux or of the shell that changes a process.
fn change(program: &str, args: &[&str]) {
    assert!(Command::new(program).args(args).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_without_file_descriptors_lives_and_goes_on_when_there_are_some() {
    let case = Case::new("few-files").await;
    let mut replica = case.operator().await;
    let pid = replica.operator.process().pid().to_string();
    let limit = |files: usize| {
        let soft = format!("--nofile={files}:");
        change("prlimit", &["--pid", &pid, &soft]);
    };
    // What it has stays open.
    limit(3);
    case.objects.create().await;
    until("it to run out of descriptors", async || {
        let log = fs::read_to_string(replica.operator.process().log()).unwrap();
        log.contains("the lease could not be").then_some(())
    })
    .await;
    replica.operator.process().check().unwrap();
    limit(1024);
    case.check().await;
    case.check_deletion().await;
}

/// The processes that `process` started, and so on.
fn descendants(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let children = tasks.flat_map(|task| {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let pids: Vec<u32> = children.split_whitespace().flat_map(str::parse).collect();
        pids
    });
    let children: Vec<u32> = children.collect();
    let theirs = children.iter().flat_map(|child| descendants(*child));
    theirs
        .collect::<Vec<_>>()
        .into_iter()
        .chain(children.clone())
        .collect()
}

fn is_a_node(process: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim_end().ends_with("-server")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_whose_nodes_die_during_a_rotation_gets_its_new_password() {
    let shared = Shared::get();
    let (programs, folder) = (
        shared.environment.programs(),
        shared.environment.folder().join("nodes-killed"),
    );
    let place = Place {
        folder,
        lifetime: Lifetime::WithParent,
    };
    place.clear().unwrap();
    let behaviour = Behaviour {
        delays: "fast",
        quotas: false,
        nodes: true,
        log: "info",
    };
    // Its own: all nodes of this one are of the object here.
    let mut local = LocalAws::start(
        &place,
        &programs.ours.local_aws,
        &programs.tools.valkey_server,
        ports::free().unwrap(),
        &behaviour,
    )
    .unwrap();
    let pid = local.process().pid();
    let authority = local.write_cache_ca(&place.folder).unwrap();
    let aws = Aws {
        local: &local,
        authority: &authority,
    };
    let case = Case::on(shared.cluster(), aws, "nodes-killed").await;
    let replica = case.operator().await;
    case.objects.create().await;
    case.objects.until_ready().await;

    let modified = At::Operation("elasticache:ModifyUser", 1);
    replica.wire.fault(modified, Effect::HoldReply);
    let before = case.objects.request_rotation().await;
    replica.until_held().await;
    let mut nodes = descendants(pid);
    nodes.retain(|process| is_a_node(*process));
    assert_eq!(nodes.len(), 1);
    for node in nodes {
        change("kill", &["-KILL", &node.to_string()]);
    }
    replica.wire.go_on();
    case.objects.until_rotated(&before).await;
    case.check().await;
}
