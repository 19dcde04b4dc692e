using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Imds;

/// <summary>What the database knows of an instance at the time of one metadata request.</summary>
internal sealed record MetadataFacts
{
    /// <summary>The instance, with its interface and groups.</summary>
    public required Instance Instance { get; init; }

    /// <summary>Its subnet; null for one that is going.</summary>
    public Subnet? Subnet { get; init; }

    /// <summary>Its VPC.</summary>
    public Vpc? Vpc { get; init; }

    /// <summary>Device names of its volumes.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>Its owner's tags of it; none where tags are not in its metadata.</summary>
    public required IReadOnlyList<Ec2.Tags.Tag> Tags { get; init; }

    /// <summary>Its instance profile; null where it has none, or where that was deleted.</summary>
    public InstanceProfile? Profile { get; init; }

    /// <summary>Its profile's role.</summary>
    public Role? Role { get; init; }

    /// <summary>Reads them; null where there is no such instance.</summary>
    public static async Task<MetadataFacts?> Load(Db db, string instanceId, CancellationToken cancel)
    {
        var instance = await db.Instances.AsNoTracking().Include(i => i.Interface).ThenInclude(n => n!.Groups)
            .SingleOrDefaultAsync(i => i.Id == instanceId, cancel);
        if (instance is null)
            return null;
        var profileId = instance.IamInstanceProfileId;
        var profile = profileId is null ? null : await db.InstanceProfiles.AsNoTracking()
            .SingleOrDefaultAsync(p => p.AccountId == instance.AccountId && p.Id == profileId, cancel);
        return new MetadataFacts
        {
            Instance = instance,
            Subnet = await db.Subnets.AsNoTracking().SingleOrDefaultAsync(s => s.Id == instance.SubnetId, cancel),
            Vpc = await db.Vpcs.AsNoTracking().SingleOrDefaultAsync(v => v.Id == instance.VpcId, cancel),
            Devices = await db.VolumeAttachments.AsNoTracking().Where(a => a.InstanceId == instanceId)
                .Select(a => a.Device).OrderBy(d => d).ToListAsync(cancel),
            Tags = instance.MetadataOptions.InstanceMetadataTags == "enabled"
                ? (await Tagging.Of(db, instance.AccountId, [instanceId], cancel)).Of(instanceId) : [],
            Profile = profile,
            Role = profile?.RoleName is { } role ? await db.Roles.AsNoTracking()
                .SingleOrDefaultAsync(r => r.AccountId == instance.AccountId && r.Name == role, cancel) : null,
        };
    }
}
