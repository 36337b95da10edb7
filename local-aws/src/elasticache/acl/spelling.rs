//! How an access string is reported: not as it was given, but as the engine lists it.

use super::AccessString;

impl AccessString {
    /// The words of `ACL LIST`: switch, keys, channels, commands, each as far as they still have an effect. ElastiCache answers
    /// in another spelling than it was given (aws-controllers-k8s/community#677, and the example of `aws elasticache
    /// create-user`); which one exactly is not documented. Strings with selectors are reported as given.
    pub fn reported(&self) -> String {
        if self.0.contains('(') {
            return self.0.clone();
        }
        let (mut switch, mut keys, mut channels, mut commands) =
            ("off", Vec::new(), Vec::new(), vec!["-@all"]);
        for rule in self.0.split(' ') {
            match rule {
                "on" | "off" => switch = rule,
                "allkeys" => keys = vec!["~*"],
                "resetkeys" => keys.clear(),
                "allchannels" => channels = vec!["&*"],
                "resetchannels" => channels.clear(),
                "allcommands" | "+@all" => commands = vec!["+@all"],
                "nocommands" | "-@all" => commands = vec!["-@all"],
                key if key.starts_with(['~', '%']) => keys.push(key),
                channel if channel.starts_with('&') => channels.push(channel),
                command => commands.push(command),
            }
        }
        if commands[0] == "-@all" && channels != ["&*"] {
            channels.insert(0, "resetchannels");
        }
        [vec![switch], keys, channels, commands].concat().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_strings_are_reported_as_the_engine_lists_them() {
        let cases = [
            ("on ~* +@all", "on ~* +@all", "nothing to add"),
            (
                "off ~* -@all",
                "off ~* resetchannels -@all",
                "channels are closed by default",
            ),
            (
                "~app:* +@read on",
                "on ~app:* resetchannels -@all +@read",
                "order, and what is implied",
            ),
            (
                "on allkeys allcommands -@dangerous",
                "on ~* +@all -@dangerous",
                "words for patterns",
            ),
            (
                "on ~a ~b resetkeys ~c +get -@all +set",
                "on ~c resetchannels -@all +set",
                "what has no effect any more",
            ),
            (
                "on ~a &news +get",
                "on ~a resetchannels &news -@all +get",
                "one channel",
            ),
            (
                "on ~a allchannels +get",
                "on ~a &* -@all +get",
                "all channels",
            ),
            ("on ~a +get (~b +set)", "on ~a +get (~b +set)", "selectors"),
        ];
        for (given, reported, reason) in cases {
            let access = AccessString::parse(given).unwrap();
            assert_eq!(access.reported(), reported, "{reason}");
            assert_eq!(
                AccessString::parse(reported).unwrap().reported(),
                reported,
                "{reason}, again"
            );
        }
    }
}
