import Glibc

// A `docker` without a daemon: a fleet of containers and Swarm services kept in files, and a witness that writes down
// each command that changes something before it has its effect. It answers what Muster asks and refuses the rest
// aloud. Told by its environment, of which Muster hands on what begins with `DOCKER_`:
//
//   DOCKER_FAKE_HOME      the folder of the fleet, of the record and of the faults to play
//   DOCKER_FAKE_INSTANCE  whose command it is, for the record
//   DOCKER_FAKE_REAL      the real docker: it carries everything out, and only the record is kept here

signal(SIGPIPE, SIG_DFL)
let environment = Variables()
guard let home = environment["DOCKER_FAKE_HOME"] else {
    Output.refuse("`DOCKER_FAKE_HOME` is not set", status: 125)
}
let arguments = Array(CommandLine.arguments.dropFirst())
let request = Request(arguments)

if let real = environment["DOCKER_FAKE_REAL"], !request.isSetup {
    let docker = RealDocker(path: real, arguments: arguments)
    guard case .change = request else { docker.become() }
    let record = Record(home: home, environment: environment, arguments: arguments)
    record.write("begin")
    let status = docker.run()
    record.write("end \(status)")
    exit(status)
}

let fleet = Fleet(home: home)
switch request {
case .question(let question):
    let answer = fleet.locked(exclusively: false) { Answers(fleet: fleet).answer(question) }
    Output.end(answer)
case .change(let change):
    let record = Record(home: home, environment: environment, arguments: arguments)
    record.write("begin")
    Faults(home: home).play(change) { refusal in
        record.write("end 1")
        Output.refuse(refusal, status: 1)
    }
    let answer = fleet.locked(exclusively: true) { Changes(fleet: fleet).make(change) }
    record.write("end \(answer.status)")
    Output.end(answer)
case .setup(let words):
    Output.end(fleet.locked(exclusively: true) { Setup(fleet: fleet).carryOut(words) })
case .events: Events(fleet: fleet).follow()
case .unknown: Output.refuse("the fake docker does not know `\(arguments.joined(separator: " "))`", status: 125)
}
