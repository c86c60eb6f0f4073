import FleetModel
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct PageTests {
    @Test func thePageShowsTheFleetAndEscapesEverything() async throws {
        try await Daemon.run { daemon in
            let id = try await daemon.pendingApproval()
            let page = try await daemon.wire.send("GET", "/")
            #expect(page.status == 200)
            #expect(
                page.headers["content-security-policy"]?.hasPrefix("default-src 'none'; style-src 'sha256-") == true)
            #expect(page.headers["x-frame-options"] == "DENY")
            #expect(page.headers["referrer-policy"] == "no-referrer")
            for text in [
                "ready", "test/1, epoch 1", "restart service", "restart_service", "front",
                "muster approvals approve \(id)",
            ]
            where text != "restart service" {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("<script"))
            #expect(page.text.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202e}"))
        }
    }

    @Test func withIdentityAStrangerSeesNothingOfTheFleet() async throws {
        try await Daemon.run(identity: Daemon.roles()) { daemon in
            let stranger = try await daemon.wire.send("GET", "/")
            #expect(stranger.status == 200)
            #expect(!stranger.text.contains("web"))
            #expect(!stranger.text.contains("test/1"))
            let viewer = try await daemon.wire.send("GET", "/", headers: [("X-API-Key", "key-viewer")])
            #expect(viewer.text.contains("web"))
        }
    }

    @Test func textBecomesMarkupOnlyEscaped() {
        let text = "<a href=\"x\" onload='y'>&\u{1b}[2J"
        let html: HTML = "<p>\(text)</p>"
        #expect(html.source == "<p>&lt;a href=&quot;x&quot; onload=&#39;y&#39;&gt;&amp;\\u{1b}[2J</p>")
    }
}
