//! The addresses of a node: a network of its own between the machine and the node's namespaces.
//!
//! ```text
//! machine 10.250.N.1 ── cachedapiN │ eth0 ── 10.250.N.2 node ── pods ── 10.250.N.128/25 its pods
//! ```

use std::net::Ipv4Addr;
use std::process::Command;

use crate::{Error, Result, command};

/// A network, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(u8);

impl Network {
    /// The first one of which the machine's routes know nothing, and so none of its addresses.
    pub(super) fn free() -> Result<Self> {
        let routes = ["-4", "route", "show", "table", "all"];
        let routes = command::output(Command::new("ip").args(routes))?;
        Self::free_of(&routes).ok_or_else(|| {
            Error::Unexpected("every network in 10.250.0.0/16 is in use on this machine".to_owned())
        })
    }

    fn free_of(routes: &str) -> Option<Self> {
        let words: Vec<&str> = routes.split_whitespace().collect();
        let is_free = |number: &u8| {
            let prefix = format!("10.250.{number}.");
            !words.iter().any(|word| word.starts_with(&prefix))
        };
        (0..=u8::MAX).find(is_free).map(Self)
    }

    #[cfg(test)]
    pub(super) const fn numbered(number: u8) -> Self {
        Self(number)
    }

    /// Of the link on the machine's side and of the control groups.
    #[must_use]
    pub fn name(self) -> String {
        format!("cachedapi{}", self.0)
    }

    /// The machine, as the node and its pods see it.
    #[must_use]
    pub fn machine(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 250, self.0, 1)
    }

    /// The node.
    #[must_use]
    pub fn node(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 250, self.0, 2)
    }

    /// The addresses of its pods.
    #[must_use]
    pub fn pods(self) -> String {
        format!("10.250.{}.128/25", self.0)
    }

    /// Links the machine with the namespaces whose first process is `first`, of which `inside` is the way in. What is made goes with the namespaces.
    pub(super) fn link(self, first: u32, inside: impl Fn(&str) -> Command) -> Result<()> {
        let (name, first) = (self.name(), first.to_string());
        let (machine, node) = (
            format!("{}/30", self.machine()),
            format!("{}/30", self.node()),
        );
        let (gateway, pods) = (self.machine().to_string(), self.pods());
        let via = self.node().to_string();
        let ip = |command: &mut Command, words: &str| {
            command::output(command.args(words.split(' '))).map(drop)
        };
        let here = || Command::new("ip");
        ip(
            &mut here(),
            &format!("link add {name} type veth peer name eth0 netns {first}"),
        )?;
        ip(&mut inside("ip"), &format!("address add {node} dev eth0"))?;
        ip(&mut inside("ip"), "link set eth0 up")?;
        ip(&mut here(), &format!("address add {machine} dev {name}"))?;
        ip(&mut here(), &format!("link set {name} up"))?;
        ip(
            &mut inside("ip"),
            &format!("route add default via {gateway}"),
        )?;
        ip(&mut here(), &format!("route add {pods} via {via}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_the_machine_has_a_route_or_an_address_in_is_left_alone() {
        let routes = "default via 192.0.2.1 dev eth0\n10.250.0.0/30 dev cachedapi0 proto kernel scope link src 10.250.0.1\n\
            10.250.10.0/24 via 192.0.2.9 dev eth0\nlocal 10.250.1.7 dev lo table local proto kernel scope host src 10.250.1.7\n";
        assert_eq!(Network::free_of(routes), Some(Network(2)));
        assert_eq!(Network::free_of("default via 10.25.0.1"), Some(Network(0)));
    }

    #[test]
    fn machine_node_and_pods_are_in_one_network_and_pods_apart_from_it() {
        let network = Network::numbered(7);
        assert_eq!(network.machine(), Ipv4Addr::new(10, 250, 7, 1));
        assert_eq!(network.node(), Ipv4Addr::new(10, 250, 7, 2));
        assert_eq!(network.pods(), "10.250.7.128/25");
        // The longest name that a link can have.
        assert!(Network::numbered(u8::MAX).name().len() <= 15);
    }
}
