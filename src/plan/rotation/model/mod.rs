//! Rotations as state machines, searched whole: every order in which controllers, nodes, clients, the network and other people can act.
//!
//! What decides is the product's own function; what is modelled is the world around it. A guard is removed at the world's side of it, by telling the
//! function something that was not observed, and the search has to find what goes wrong then.
//!
//! A lost reply and a lost request need no move of their own: who decides remembers nothing, so the first is a request that was sent and the second a process
//! that crashed. What no order of two passwords can survive is left out: people who move `AWSCURRENT` twice within a grace, and people who change something
//! in the minutes in which a copy of a request is still on its way. Those states are put right, and clients notice.

mod auth_token;
mod password;
mod revoke;
mod search;
mod versions;
