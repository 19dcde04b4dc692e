namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The runtime folder of a machine: its sockets, its console and the record of its launch.</summary>
/// <remarks>
/// The path is short because the kernel allows 107 bytes for a socket's. The folder belongs to the user that the
/// machine runs as and outlives the service, as the machine does; see <see cref="GuestFolders"/>.
/// </remarks>
/// <param name="InstanceId">The instance.</param>
/// <param name="Path">The folder's absolute path, without spaces or commas, which QEMU's options split at.</param>
public sealed record GuestFolder(string InstanceId, string Path)
{
    /// <summary>Kiln listens: the metadata service of this machine and no other.</summary>
    public string ImdsSocket => Of("imds.sock");

    /// <summary>Kiln listens: NBD exports of the volumes that are attached to this machine and no other.</summary>
    public string NbdSocket => Of("nbd.sock");

    /// <summary>QEMU listens: the guest agent's port, one client at a time; see <see cref="GuestAgent"/>.</summary>
    public string AgentSocket => Of("agent.sock");

    /// <summary>QEMU listens: control of the machine, one client at a time; see <see cref="Qmp"/>.</summary>
    public string QmpSocket => Of("qmp.sock");

    /// <summary>QEMU listens: the serial console, one client at a time. What is written while nobody listens is in
    /// <see cref="ConsoleLog"/> all the same.</summary>
    public string SerialSocket => Of("serial.sock");

    /// <summary>The end of what the machine wrote to its serial console.</summary>
    public string ConsoleLog => Of("console.log");

    /// <summary>What QEMU itself had to say.</summary>
    public string ProcessLog => Of("qemu.log");

    /// <summary>The number of the QEMU process; locked by it while it lives.</summary>
    public string PidFile => Of("qemu.pid");

    /// <summary>What the machine was started with, JSON: a service that starts finds its machines by these.</summary>
    public string LaunchRecord => Of("launch.json");

    /// <summary>Where QEMU leaves a picture of the screen.</summary>
    public string Screenshot => Of("screen.ppm");

    private string Of(string name) => System.IO.Path.Combine(Path, name);
}
