using Kiln.Protocol.Errors;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>How many more machines this node may switch on.</summary>
public sealed class GuestCapacity(Db db, QemuHost host, NodeIdentity node)
{
    /// <summary>How many of those that are wanted there is room for.</summary>
    /// <param name="least">How many there must be room for.</param>
    /// <param name="wanted">How many are wanted.</param>
    /// <param name="type">Their type.</param>
    /// <param name="zone">Their zone.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="AwsException">InsufficientInstanceCapacity: not for the least.</exception>
    public async Task<int> Room(int least, int wanted, string type, string zone, CancellationToken cancel)
    {
        // Simulated machines need no room.
        if (!host.IsUsed)
            return wanted;
        var on = db.Instances.Where(i => i.NodeId == node.Id
            && i.State != InstanceState.Stopped && i.State != InstanceState.Terminated);
        await db.Limit($"machines/{node.Id}", on, host.MachinesMax, least,
            () => Ec2Error.InsufficientInstanceCapacity(type, zone, host.MachinesMax), cancel);
        return Math.Min(host.MachinesMax - await on.CountAsync(cancel), wanted);
    }
}
