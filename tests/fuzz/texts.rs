//! Texts that have broken something somewhere.

/// Each says `kanarie`.
pub const HOSTILE: [&str; 44] = [
    // Mapping expressions, mapping templates and stage variables of API Gateway.
    "${stageVariables.kanarie}",
    "$context.kanarie",
    "$input.body.kanarie",
    "#set($x='kanarie')$x",
    "$util.urlDecode('kanarie')",
    "' + context.identity.kanarie + '",
    "method.request.header.kanarie",
    "{kanarie}",
    "{kanarie+}",
    "{kanarie",
    "kanarie}",
    // Headers and lines.
    "kanarie\r\nx-kanarie: 1",
    "kanarie\nx",
    "kanarie\u{0}",
    "kanarie\u{85}\u{2028}x",
    "%0d%0akanarie",
    // JSON, YAML and templates.
    "\",\"kanarie\":\"",
    "\\\",\\\"kanarie",
    "'}],\"kanarie\":[{'",
    "kanarie: {a: &a [*a]}",
    "!!python/object:kanarie",
    "{{ .Values.kanarie }}",
    "has(self.kanarie)",
    "<kanarie/>&kanarie;",
    // Names of things.
    "arn:aws:lambda:*:*:function:kanarie*",
    "arn:aws:iam::aws:policy/kanarie",
    "../../kanarie",
    "..%2f..%2fkanarie",
    "/kanarie//x/./..",
    "kanarie@169.254.169.254",
    "http://kanarie@[::1]/",
    "https://kanarie.example.com:99999/",
    "https://kanarie..example.com/",
    // Rules and globs of Redis.
    "kanarie on ~* +@all nopass",
    ">kanarie",
    "kanarie*[a-z]?\\",
    // Terminals and scripts.
    "\u{1b}[31mkanarie\u{1b}]0;x\u{7}",
    "\u{202e}kanarie\u{202c}",
    "\u{200f}kanarie\u{200b}\u{feff}",
    "kanarie\u{301}\u{327}",
    "k\u{430}narie kanarie",
    "kanarie\u{1f980}\u{10ffff}",
    "ﬁ\u{ff4b}anarie kanarie",
    " kanarie ",
];
