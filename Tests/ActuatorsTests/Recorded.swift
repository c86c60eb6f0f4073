/// Recorded from docker 20.10, cut to what the actuator reads.
enum Recorded {
    /// `docker inspect` of a container made with nearly every option; never started.
    static let fullContainer = #"""
        {
         "Id": "24b2e23bd35036d7d345fcce08db1a76f56b74ea9723fb94f9c5402e94f29212",
         "Name": "/act-full",
         "Image": "sha256:7315ec58488e45bab25341d03462f2e7fe3a6480928a6d7055394181e5cef5b2",
         "State": {
          "Status": "created",
          "Running": false,
          "Paused": false,
          "Restarting": false,
          "OOMKilled": false,
          "Dead": false,
          "Pid": 0,
          "ExitCode": 0,
          "Error": "",
          "StartedAt": "0001-01-01T00:00:00Z",
          "FinishedAt": "0001-01-01T00:00:00Z"
         },
         "Config": {
          "Hostname": "hh",
          "Domainname": "dd.example",
          "User": "1000:1000",
          "AttachStdin": true,
          "AttachStdout": true,
          "AttachStderr": true,
          "ExposedPorts": {
           "80/tcp": {},
           "81/udp": {},
           "9999/tcp": {}
          },
          "Tty": true,
          "OpenStdin": true,
          "StdinOnce": true,
          "Env": [
           "FOO=mine",
           "BAR=2"
          ],
          "Cmd": [
           "1800"
          ],
          "Healthcheck": {
           "Test": [
            "CMD-SHELL",
            "true"
           ],
           "Interval": 5000000000,
           "Timeout": 3000000000,
           "StartPeriod": 1000000000,
           "Retries": 2
          },
          "Image": "muster-act:1",
          "Volumes": null,
          "WorkingDir": "/bin",
          "Entrypoint": [
           "/bin/sleep"
          ],
          "OnBuild": null,
          "Labels": {
           "muster.test": "act"
          },
          "StopSignal": "SIGINT",
          "StopTimeout": 7
         },
         "HostConfig": {
          "Binds": [
           "/srv/bind:/bind:ro",
           "act-vol:/vol"
          ],
          "ContainerIDFile": "",
          "LogConfig": {
           "Type": "json-file",
           "Config": {
            "max-size": "1m"
           }
          },
          "NetworkMode": "act-net",
          "PortBindings": {
           "80/tcp": [
            {
             "HostIp": "127.0.0.1",
             "HostPort": "18999"
            }
           ],
           "81/udp": [
            {
             "HostIp": "",
             "HostPort": "19000"
            }
           ]
          },
          "RestartPolicy": {
           "Name": "on-failure",
           "MaximumRetryCount": 3
          },
          "AutoRemove": false,
          "VolumeDriver": "",
          "VolumesFrom": null,
          "CapAdd": [
           "CAP_NET_ADMIN"
          ],
          "CapDrop": [
           "CAP_MKNOD"
          ],
          "CgroupnsMode": "host",
          "Dns": [
           "1.1.1.1"
          ],
          "DnsOptions": [
           "ndots:2"
          ],
          "DnsSearch": [
           "ex.com"
          ],
          "ExtraHosts": [
           "h:1.2.3.4"
          ],
          "GroupAdd": [
           "20"
          ],
          "IpcMode": "private",
          "Cgroup": "",
          "Links": null,
          "OomScoreAdj": 100,
          "PidMode": "host",
          "Privileged": false,
          "PublishAllPorts": false,
          "ReadonlyRootfs": true,
          "SecurityOpt": [
           "no-new-privileges",
           "label=disable"
          ],
          "Tmpfs": {
           "/tmp": "size=1m"
          },
          "UTSMode": "",
          "UsernsMode": "",
          "ShmSize": 33554432,
          "Sysctls": {
           "net.ipv4.ip_forward": "1"
          },
          "Runtime": "runc",
          "ConsoleSize": [
           0,
           0
          ],
          "Isolation": "",
          "CpuShares": 512,
          "Memory": 67108864,
          "NanoCpus": 500000000,
          "CgroupParent": "",
          "BlkioWeight": 0,
          "BlkioWeightDevice": [],
          "BlkioDeviceReadBps": [],
          "BlkioDeviceWriteBps": [],
          "BlkioDeviceReadIOps": [],
          "BlkioDeviceWriteIOps": [],
          "CpuPeriod": 0,
          "CpuQuota": 0,
          "CpuRealtimePeriod": 0,
          "CpuRealtimeRuntime": 0,
          "CpusetCpus": "0",
          "CpusetMems": "",
          "Devices": [
           {
            "PathOnHost": "/dev/null",
            "PathInContainer": "/dev/xnull",
            "CgroupPermissions": "rw"
           }
          ],
          "DeviceCgroupRules": null,
          "DeviceRequests": null,
          "KernelMemory": 0,
          "KernelMemoryTCP": 0,
          "MemoryReservation": 33554432,
          "MemorySwap": 134217728,
          "MemorySwappiness": null,
          "OomKillDisable": false,
          "PidsLimit": 99,
          "Ulimits": [
           {
            "Name": "nofile",
            "Hard": 2048,
            "Soft": 1024
           }
          ],
          "CpuCount": 0,
          "CpuPercent": 0,
          "IOMaximumIOps": 0,
          "IOMaximumBandwidth": 0,
          "Mounts": [
           {
            "Type": "tmpfs",
            "Target": "/mnt",
            "TmpfsOptions": {
             "SizeBytes": 1048576
            }
           }
          ],
          "MaskedPaths": [
           "/proc/asound",
           "/proc/acpi"
          ],
          "ReadonlyPaths": [
           "/proc/bus",
           "/proc/fs"
          ],
          "Init": true
         },
         "Mounts": [
          {
           "Type": "bind",
           "Source": "/srv/bind",
           "Destination": "/bind",
           "Mode": "ro",
           "RW": false,
           "Propagation": "rprivate"
          },
          {
           "Type": "volume",
           "Name": "act-vol",
           "Source": "/var/lib/docker/volumes/act-vol/_data",
           "Destination": "/vol",
           "Driver": "local",
           "Mode": "z",
           "RW": true,
           "Propagation": ""
          },
          {
           "Type": "tmpfs",
           "Source": "",
           "Destination": "/mnt",
           "Mode": "",
           "RW": true,
           "Propagation": ""
          }
         ],
         "NetworkSettings": {
          "Networks": {
           "act-net": {
            "IPAMConfig": {
             "IPv4Address": "172.31.77.10"
            },
            "Links": null,
            "Aliases": [
             "al1"
            ],
            "NetworkID": "",
            "EndpointID": "",
            "Gateway": "",
            "IPAddress": "",
            "IPPrefixLen": 0,
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "MacAddress": "",
            "DriverOpts": null
           },
           "act-net2": {
            "IPAMConfig": {
             "IPv4Address": "172.31.78.5"
            },
            "Links": null,
            "Aliases": [
             "al2",
             "24b2e23bd350",
             "hh"
            ],
            "NetworkID": "",
            "EndpointID": "",
            "Gateway": "",
            "IPAddress": "",
            "IPPrefixLen": 0,
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "MacAddress": "",
            "DriverOpts": {}
           }
          }
         }
        }
        """#
}
