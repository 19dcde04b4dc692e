namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The runtime folder of a machine: its sockets, its console and the record of its launch.</summary>
/// <remarks>
/// The path is short because the kernel allows 107 bytes for a socket's. The folder is Kiln's; <see cref="Run"/> in it
/// is the machine's user's, and nothing that stands there is trusted. It outlives the service, as the machine does;
/// see <see cref="GuestFolders"/>.
/// </remarks>
/// <param name="InstanceId">The instance.</param>
/// <param name="Path">The folder's absolute path, without spaces or commas, which QEMU's options split at.</param>
public sealed record GuestFolder(string InstanceId, string Path)
{
    /// <summary>Kiln listens: the metadata service of this machine and no other.</summary>
    public string ImdsSocket => Of("imds.sock");

    /// <summary>Kiln listens: NBD exports of the volumes that are attached to this machine and no other.</summary>
    public string NbdSocket => Of("nbd.sock");

    /// <summary>The part that the machine's user may write.</summary>
    public string Run => Of("run");

    /// <summary>QEMU listens: the guest agent's port, one client at a time; see <see cref="GuestAgent"/>.</summary>
    public string AgentSocket => Of("run/agent.sock");

    /// <summary>QEMU listens: control of the machine, one client at a time; see <see cref="Qmp"/>.</summary>
    public string QmpSocket => Of("run/qmp.sock");

    /// <summary>QEMU listens: control for the machine's network, one client at a time.</summary>
    public string NetworkSocket => Of("run/net.sock");

    /// <summary>QEMU listens: the serial console, one client at a time. What is written while nobody listens is in
    /// <see cref="ConsoleLog"/> all the same.</summary>
    public string SerialSocket => Of("run/serial.sock");

    /// <summary>Where QEMU leaves a picture of the screen.</summary>
    public string Screenshot => Of("run/screen.ppm");

    /// <summary>The end of what the machine wrote to its serial console.</summary>
    public string ConsoleLog => Of("console.log");

    /// <summary>What QEMU itself had to say.</summary>
    public string ProcessLog => Of("qemu.log");

    /// <summary>What the machine was started with, JSON: a service that starts finds its machines by these.</summary>
    public string LaunchRecord => Of("launch.json");

    /// <summary>What was done to the machine, a JSON object a line; see <see cref="GuestJournal"/>.</summary>
    public string Journal => Of("journal.jsonl");

    private string Of(string name) => System.IO.Path.Combine(Path, name);
}
