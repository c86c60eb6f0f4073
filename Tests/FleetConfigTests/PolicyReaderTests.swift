import FleetConfig
import FleetModel
import Foundation
import Testing

enum PolicyText {
    static func read(_ text: String) throws(ConfigErrors) -> Policy {
        try Policy.read(YAMLFile(name: "p.yml", text: text))
    }

    static func errors(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }
}

@Suite("A policy file")
struct PolicyReaderTests {
    @Test("gives every word of the contract's example its meaning")
    func example() throws {
        let policy = try PolicyText.read(
            """
            version: 1
            defaults:
              tier: forbidden
              rate_limit: {max: 4, window_s: 60}
              blast_radius: {max_targets: 5, window_s: 61}
            options: {watch_scale_down: true}
            rules:
              - id: heal-staging
                kind: restart_service
                target: "staging-*"
                source: "rec*"
                tier: auto_notify
                rate_limit: {max: 2, window_s: 1800}
                blast_radius: {max_targets: 3, window_s: 3600}
                maintenance_window: "22:00-05:00"
                approvals: 2
                expires: 2026-12-31T00:00:00Z
                note: why this rule is here
              - {kind: "*", tier: approval_required}
            """)
        #expect(policy.defaults.tier == .forbidden)
        #expect(policy.defaults.rateLimit == RateLimit(maximum: 4, windowSeconds: 60))
        #expect(policy.defaults.blastRadius == BlastRadius(maximumTargets: 5, windowSeconds: 61))
        #expect(policy.watchScaleDown)
        let rule = policy.rules[0]
        #expect(rule.id == "heal-staging")
        #expect(rule.kind.pattern == "restart_service")
        #expect(rule.target.pattern == "staging-*")
        #expect(rule.source.pattern == "rec*")
        #expect(rule.tier == .autoNotify)
        #expect(rule.rateLimit == RateLimit(maximum: 2, windowSeconds: 1800))
        #expect(rule.blastRadius == BlastRadius(maximumTargets: 3, windowSeconds: 3600))
        #expect(rule.window?.description == "22:00-05:00 UTC")
        #expect(rule.approvals == 2)
        #expect(rule.expires?.rfc3339 == "2026-12-31T00:00:00Z")
        #expect(rule.note == "why this rule is here")
        #expect(rule.origin == .file(line: 8))
        #expect(policy.rules[1].id == "rule-2")
        #expect(policy.rules[1].rateLimit == nil)
        #expect(policy.rules[1].origin == .file(line: 19))
    }

    @Test("without rules is judged by its defaults, which are the contract's")
    func empty() throws {
        let policy = try PolicyText.read("rules: []")
        #expect(policy.rules.isEmpty)
        #expect(policy.defaults == PolicyDefaults())
        #expect(policy.watchScaleDown == false)
    }

    @Test(
        "takes windows with days and time zones",
        arguments: [
            ("\"02:00-05:00\"", "02:00-05:00 UTC"), ("02:00-05:00", "02:00-05:00 UTC"),
            ("{hours: \"00:00-24:00\"}", "00:00-24:00 UTC"), ("{days: [sun, sat]}", "sat,sun 00:00-00:00 UTC"),
            ("{days: [fri], hours: \"23:30-01:00\", tz: \"Europe/Berlin\"}", "fri 23:30-01:00 Europe/Berlin"),
            ("{hours: \"01:00-02:00\", tz: UTC}", "01:00-02:00 UTC"),
            ("{hours: \"01:00-02:00\", tz: Asia/Kolkata}", "01:00-02:00 Asia/Kolkata"),
            (
                "{hours: \"01:00-02:00\", tz: America/Argentina/Buenos_Aires}",
                "01:00-02:00 America/Argentina/Buenos_Aires"
            ),
        ])
    func windows(text: String, expected: String) throws {
        let policy = try PolicyText.read("rules: [{kind: x, tier: auto, maintenance_window: \(text)}]")
        #expect(policy.rules[0].window?.description == expected)
    }

    static let mistakes: [(note: String, rule: String, expected: [String])] = [
        (
            "unknown field", "teir: auto, tier: auto",
            ["1:19: unknown field `teir` in a rule; the nearest known one is `tier`"]
        ),
        (
            "unknown tier", "tier: always",
            ["1:25: `tier` must be one of `auto`, `auto_notify`, `approval_required`, `forbidden`, not `always`"]
        ),
        ("no tier", "target: x", ["1:9: a rule needs `tier`"]),
        (
            "a glob that is not closed", "tier: auto, target: \"a[\"",
            ["1:39: `target` is no pattern: `a[`; a `[` needs its `]`"]
        ),
        (
            "a source that does not exist", "tier: auto, source: reconcilr",
            [
                "1:39: `source` matches none of `reconciler`, `autoscaler`, `playbook`, `deploy_watch`, `manual`: "
                    + "`reconcilr`"
            ]
        ),
        (
            "hours that are none", "tier: auto, maintenance_window: \"2-5\"",
            [
                "1:51: `maintenance_window` must be hours such as `02:00-05:00`, not `2-5`"
            ]
        ),
        (
            "a minute too many", "tier: auto, maintenance_window: \"02:60-05:00\"",
            [
                "1:51: `maintenance_window` must be hours such as `02:00-05:00`, not `02:60-05:00`"
            ]
        ),
        (
            "a start at the day's end", "tier: auto, maintenance_window: \"24:00-05:00\"",
            [
                "1:51: `maintenance_window` must be hours such as `02:00-05:00`, not `24:00-05:00`"
            ]
        ),
        (
            "a time zone that does not exist",
            "tier: auto, maintenance_window: {hours: \"02:00-05:00\", tz: Mars/Olympus}",
            [
                "1:78: `tz` must be a time zone such as `Europe/Berlin` or `UTC`, not `Mars/Olympus`"
            ]
        ),
        (
            "an abbreviation for a time zone",
            "tier: auto, maintenance_window: {hours: \"02:00-05:00\", tz: \"GMT+3\"}",
            [
                "1:78: `tz` must be a time zone such as `Europe/Berlin` or `UTC`, not `GMT+3`"
            ]
        ),
        (
            "a day in full", "tier: auto, maintenance_window: {days: [monday]}",
            [
                "1:59: `days` takes `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, not `monday`"
            ]
        ),
        (
            "a window of nothing", "tier: auto, maintenance_window: {tz: UTC}",
            [
                "1:51: `maintenance_window` needs `hours` or `days`"
            ]
        ),
        ("half a rate limit", "tier: auto, rate_limit: {max: 3}", ["1:43: `rate_limit` needs `max` and `window_s`"]),
        (
            "a window of no seconds", "tier: auto, rate_limit: {max: 3, window_s: 0}",
            [
                "1:62: `window_s` must be 1 to 2678400, not `0`"
            ]
        ),
        (
            "a window above 31 days", "tier: auto, blast_radius: {max_targets: 3, window_s: 2678401}",
            [
                "1:72: `window_s` must be 1 to 2678400, not `2678401`"
            ]
        ),
        (
            "a budget below 0", "tier: auto, rate_limit: {max: -1, window_s: 1}",
            ["1:49: `max` must be 0 to 10000, not `-1`"]
        ),
        ("nobody approves", "tier: auto, approvals: 0", ["1:42: `approvals` must be 1 to 10, not `0`"]),
        (
            "a date for a time", "tier: auto, expires: 2026-12-31",
            [
                "1:40: `expires` must be a time such as `2026-12-31T00:00:00Z`, not `2026-12-31`"
            ]
        ),
        (
            "an id with a blank", "tier: auto, id: a b",
            [
                "1:35: `id` takes letters, digits, `.`, `_` and `-`, at most 128, not `a b`"
            ]
        ),
        (
            "two at once", "tier: often, approvals: many",
            [
                "1:25: `tier` must be one of `auto`, `auto_notify`, `approval_required`, `forbidden`, not `often`",
                "1:43: `approvals` must be an integer, not the string `many`",
            ]
        ),
    ]

    @Test("with a mistake is refused whole, with the place", arguments: mistakes.indices)
    func mistake(index: Int) {
        let mistake = PolicyReaderTests.mistakes[index]
        let errors = PolicyText.errors("rules: [{kind: x, \(mistake.rule)}]")
        #expect(errors == mistake.expected.map { "p.yml:" + $0 }, "\(mistake.note)")
    }

    @Test("refuses what stands outside its rules as strictly")
    func outside() {
        #expect(PolicyText.errors("version: 1") == ["p.yml:1:1: `rules` is missing; write `rules: []` for none"])
        #expect(
            PolicyText.errors("rules: []\noptions: {watch: true}")
                == ["p.yml:2:11: unknown field `watch` in `options`; the nearest known one is `watch_scale_down`"])
        #expect(
            PolicyText.errors("rules: [{tier: auto}, x]") == [
                "p.yml:1:9: a rule needs `kind`", "p.yml:1:23: `a rule` must be a mapping, not the string `x`",
            ])
    }

    @Test("has unique ids, the default ones counted")
    func ids() {
        let text = "rules:\n  - {kind: a, tier: auto}\n  - {kind: b, tier: auto, id: rule-1}\n"
        #expect(PolicyText.errors(text) == ["p.yml:3:31: rule id `rule-1` is that of the rule at line 2"])
    }
}

@Suite("A posted override")
struct OverrideBodyTests {
    @Test("is a rule in the file's words, with a priority")
    func good() throws {
        let body: JSONObject = JSONObject([
            ("kind", "deploy_service"), ("target", "web-\"\u{e9}"), ("tier", "forbidden"), ("priority", 7),
            ("expires", "2026-12-31T00:00:00Z"), ("note", "freeze:\n{no} #yaml"),
            ("maintenance_window", ["days": ["sat"], "hours": "02:00-05:00", "tz": "Europe/Berlin"]),
        ])
        let (rule, priority) = try PolicyRule.override(from: body, id: "override:1")
        #expect(priority == 7)
        #expect(rule.id == "override:1")
        #expect(rule.origin == .override(id: "override:1"))
        #expect(rule.target.pattern == "web-\"\u{e9}")
        #expect(rule.note == "freeze:\n{no} #yaml")
        #expect(rule.window?.description == "sat 02:00-05:00 Europe/Berlin")
        #expect(rule.expires?.rfc3339 == "2026-12-31T00:00:00Z")
    }

    @Test("has priority 0 when it names none")
    func defaultPriority() throws {
        #expect(try PolicyRule.override(from: JSONObject([("kind", "x"), ("tier", "auto")]), id: "o").priority == 0)
    }

    @Test(
        "is refused with everything that is wrong in it",
        arguments: [
            (["tier": "auto"], ["a rule needs `kind`"]),
            (["kind": "x", "tier": 1], ["`tier` must be a string, not the number `1`; quote it: \"1\""]),
            (
                ["kind": "x", "tier": "auto", "prio": 1],
                ["unknown field `prio` in an override; the nearest known one is `priority`"]
            ),
            (
                ["kind": "x", "tier": "auto", "priority": 1.5, "approvals": 11],
                ["`priority` must be an integer, not the number `1.5`", "`approvals` must be 1 to 10, not `11`"]
            ),
            (["kind": ["x"], "tier": "auto"], ["`kind` must be a string, not a list"]),
        ] as [(JSONValue, [String])])
    func bad(body: JSONValue, messages: [String]) {
        let errors = #expect(throws: OverrideErrors.self) { try PolicyRule.override(from: body.body, id: "o") }
        #expect(errors?.messages == messages)
    }
}

extension JSONValue {
    fileprivate var body: JSONObject { object ?? JSONObject() }
}

@Suite("A policy test file")
struct PolicyTestFileTests {
    private func errors(_ text: String) -> [String] {
        do {
            _ = try PolicyTestFile.read(YAMLFile(name: "t.yml", text: text))
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test("gives its cases with their defaults")
    func good() throws {
        let text = """
            version: 1
            policy: ../p.yml
            cases:
              - name: plain
                request: {kind: restart_service, target: web}
                expect: {decision: allow}
              - name: whole
                request: {kind: scale_service, target: web, source: autoscaler, params: {replicas: 3, y: [x, 1.5, null]}}
                at: 2026-03-01T10:00:00+01:00
                spent: [{kind: scale_service, target: web, ago_s: 5}]
                held: true
                expect: {decision: deny, rule: scale}
            """
        let file = try PolicyTestFile.read(YAMLFile(name: "t.yml", text: text))
        #expect(file.policyPath == "../p.yml")
        #expect(file.cases.map(\.name) == ["plain", "whole"])
        let plain = file.cases[0]
        #expect(plain.proposal.source == .manual)
        #expect(plain.at.rfc3339 == "2026-01-05T12:00:00Z")
        #expect(plain.spent.isEmpty)
        #expect(plain.isHeld == false)
        #expect(plain.expectedDecision == .allow)
        #expect(plain.expectedRule == nil)
        #expect(plain.line == 4)
        let whole = file.cases[1]
        #expect(whole.proposal.source == .autoscaler)
        #expect(whole.proposal.params == JSONObject([("replicas", 3), ("y", ["x", 1.5, nil])]))
        #expect(whole.at.rfc3339 == "2026-03-01T09:00:00Z")
        #expect(whole.spent.map(\.agoSeconds) == [5])
        #expect(whole.isHeld)
        #expect(whole.expectedRule == "scale")
    }

    @Test(
        "that tests nothing is an error",
        arguments: [
            ("version: 1", "1:1: the file has no cases, so it tests nothing"),
            ("cases: []", "1:1: the file has no cases, so it tests nothing"),
            ("cases: [{name: a, request: {kind: x, target: y}}]", "1:9: a case needs `expect`"),
            (
                "cases: [{name: a, request: {kind: x, target: y}, expect: {rule: z}}]",
                "1:58: `expect` needs a `decision`"
            ),
            (
                "cases: [{name: a, request: {kind: x, target: y}, expect: {decision: yes}}]",
                "1:69: `decision` must be one of `allow`, `allow_notify`, `queue_approval`, `deny`, not `yes`"
            ),
            ("cases: [{request: {kind: x, target: y}, expect: {decision: deny}}]", "1:9: a case needs `name`"),
            ("cases: [{name: a, request: {kind: x}, expect: {decision: deny}}]", "1:28: `request` needs `target`"),
            (
                "cases: [{name: a, request: {kind: x, target: y}, spent: [{kind: x}], expect: {decision: deny}}]",
                "1:58: a spend needs `kind`, `target` and `ago_s`"
            ),
        ])
    func bad(text: String, expected: String) {
        #expect(errors(text) == ["t.yml:" + expected])
    }
}
