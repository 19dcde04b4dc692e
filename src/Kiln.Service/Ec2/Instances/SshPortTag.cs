using System.Globalization;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>The tag that tells at which port of its public address an instance's SSH is, where that is not 22.
/// </summary>
/// <remarks>EC2 has no field for it. The prefix is the reserved one: no tool takes the tag for its own.</remarks>
public static class SshPortTag
{
    /// <summary>The key.</summary>
    public const string Key = "aws:kiln:ssh-port";

    /// <summary>Adds or removes the tag of an instance that is about to start; not yet committed.</summary>
    public static async Task Put(Db db, Instance instance, CancellationToken cancel)
    {
        var isElsewhere = GuestPort.OnHost != GuestPort.Ssh && GuestPort.IsOnHost(instance.PublicIpAddress);
        var row = await db.Tags.FindAsync([instance.Id, instance.AccountId, Key], cancel);
        if (row is not null && !isElsewhere)
            db.Remove(row);
        else if (row is null && isElsewhere)
        {
            db.Add(new ResourceTag
            {
                ResourceId = instance.Id,
                AccountId = instance.AccountId,
                Key = Key,
                Value = GuestPort.OnHost.ToString(CultureInfo.InvariantCulture),
                ResourceType = "instance",
                Region = instance.Region,
            });
        }
    }
}
