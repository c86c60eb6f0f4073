import Autoscaler
import FleetModel
import Testing

@Suite("what `muster scale explain` prints")
struct ExplanationTests {
    @Test("the arithmetic and each guard, for a scaling")
    func proposed() {
        let inputs = webInputs(replicas: 2, .sample(sample(900)))
        #expect(
            Explanation.lines(inputs.only(), queueScaling) == [
                "web: signal queue_depth, target 200, 1-5 replicas, steps +2/-1",
                "value:       900 items (fleet_total, prometheus, 2026-11-21T01:30:00Z)",
                "effective:   max(2, 1) = 2",
                "per replica: 900 / 2 = 450 items",
                "wanted:      ceil(2 x 450 / 200) = ceil(4.5) = 5",
                "bounded:     5 within [1, 5] = 5",
                "stepped:     from 2 by at most +2 = 4",
                "guards:",
                "  pass observed       seen",
                "  pass running        neither down nor to be stopped",
                "  pass scalable       a Swarm service of 2 replicas",
                "  pass free           not held, nothing under way",
                "  pass zero           not at 0",
                "  pass bounds         within 1-5, or nobody else brings it back",
                "  pass pause          not paused",
                "  pass person         no number that a person set stands",
                "  pass data           900 items of 2026-11-21T01:30:00Z",
                "  pass deadband       125 % from the target, more than 5 %",
                "  pass stabilization  1 in a row ask for scaling up",
                "  pass target         2 is not 4",
                "  pass cooldown       no scaling in the last 300 s",
                "  pass budget         there is room in the tick",
                "result: scale 2 -> 4",
            ])
    }

    @Test("a value that is supposed, stopped on the way: what follows is not asked")
    func stopped() {
        var supposed = sample(85, cpu)
        supposed.source = .supposed
        var scaling = ArithmeticTests.cpuScaling
        scaling.scaleUpStabilizationSamples = 3
        let lines = Explanation.lines(webInputs(scaling, replicas: 2, .sample(supposed)).only(), scaling)
        #expect(lines[1] == "value:       85 percent (per_replica, supposed, 2026-11-21T01:30:00Z)")
        #expect(lines[3] == "per replica: 85 percent")
        #expect(lines[4] == "wanted:      ceil(2 x 85 / 60) = ceil(2.8333) = 3")
        #expect(
            lines.suffix(5) == [
                "  stop stabilization  1 of 3 samples in a row ask for scaling up", "  -    target         not asked",
                "  -    cooldown       not asked", "  -    budget         not asked",
                "result: no change: 1 of 3 samples in a row ask for scaling up",
            ])
    }

    @Test("without data, and without replicas, it says so")
    func nothing() {
        let lines = Explanation.lines(webInputs(replicas: 2, nil).only(), queueScaling)
        #expect(lines.contains("value:       none"))
        #expect(lines.last == "result: no change: no data: no source was read for it")
        var unseen = webInputs(replicas: 2, nil)
        unseen.snapshot = Snapshot(observations: [], sources: [], at: now, generation: 1)
        let unseenLines = Explanation.lines(unseen.only(), queueScaling)
        #expect(unseenLines[1...2] == ["guards:", "  stop observed       not observed: no observer covers it"])
    }

    /// `reason` is one line of the proposal, whatever decided.
    @Test("each basis gives its own reason")
    func reasons() {
        var scaling = queueScaling
        scaling.pause = ScalingPause(replicas: 4)
        func reason(_ inputs: ScalingInputs) -> String? {
            Autoscaler.evaluate(inputs, now: now).proposals.first?.reason
        }
        #expect(reason(webInputs(scaling, replicas: 2, nil)) == "`paused` keeps 4: 2 -> 4 replicas")
        scaling = queueScaling
        scaling.fallback = ScalingFallback(replicas: 3, afterSeconds: 60)
        let lost = now.adding(seconds: -60)
        let record = ScalingRecord(memory: ScalingMemory(lostSince: lost, replicas: 2))
        #expect(
            reason(webInputs(scaling, replicas: 2, nil, record: record))
                == "no data of `queue_depth` since \(lost), `fallback` wants 3: 2 -> 3 replicas")
        var outside = webInputs(replicas: 9, nil)
        outside.reconcilerKeepsBounds = false
        #expect(reason(outside) == "outside 1-5: 9 -> 8 replicas")
        #expect(
            reason(webInputs(ArithmeticTests.cpuScaling, replicas: 2, .sample(sample(600, cpu))))
                == "cpu 600 percent a replica, target 60: 2 -> 3 replicas (wants 20, at most 4, a step is 1)")
    }

    @Test("JSON has every number, and null for what was not needed")
    func json() {
        let json = webInputs(replicas: 2, .sample(sample(900))).only().json
        #expect(json["verdict"]?.string == "proposed")
        #expect(json["reason"] == .null)
        #expect((json["current"]?.integer, json["desired"]?.integer, json["wanted"]?.integer) == (2, 4, 5))
        #expect(json["per_replica"]?.number == 450)
        let missing = webInputs(replicas: 2, nil).only().json
        #expect(missing["verdict"]?.string == "no_data")
        #expect(missing["value"] == .null && missing["desired"]?.integer == 2)
    }
}
