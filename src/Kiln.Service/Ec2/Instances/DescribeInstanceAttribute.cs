using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Tells one attribute of an instance.</summary>
[Operation("ec2:DescribeInstanceAttribute")]
public sealed class DescribeInstanceAttribute(Db db, TimeProvider clock)
    : IOperation<DescribeInstanceAttribute.Request, DescribeInstanceAttribute.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }
        public required string Attribute { get; init; }
        public bool? DryRun { get; init; }
    }

    /// <summary>The instance and the attribute that was asked for.</summary>
    public sealed record Response
    {
        public required string InstanceId { get; init; }
        [Wire("blockDeviceMapping")] public IReadOnlyList<InstanceDeviceItem>? BlockDeviceMappings { get; init; }
        public AttributeBooleanValue? DisableApiTermination { get; init; }
        public AttributeBooleanValue? DisableApiStop { get; init; }
        public AttributeBooleanValue? EnaSupport { get; init; }
        public AttributeBooleanValue? EbsOptimized { get; init; }
        public AttributeBooleanValue? SourceDestCheck { get; init; }
        public AttributeValue? InstanceInitiatedShutdownBehavior { get; init; }
        public AttributeValue? InstanceType { get; init; }
        [Wire("kernel")] public AttributeValue? KernelId { get; init; }
        [Wire("ramdisk")] public AttributeValue? RamdiskId { get; init; }
        public AttributeValue? RootDeviceName { get; init; }
        public AttributeValue? SriovNetSupport { get; init; }
        public AttributeValue? UserData { get; init; }
        [Wire("groupSet")] public IReadOnlyList<GroupIdentifier>? Groups { get; init; }
    }

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var row = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, row.Id));
        var id = row.Id;
        return request.Attribute switch
        {
            "blockDeviceMapping" => new Response
            {
                InstanceId = id,
                BlockDeviceMappings = [.. (await db.VolumeAttachments.AsNoTracking().Where(a => a.InstanceId == id)
                    .OrderBy(a => a.Device).ToListAsync(cancel)).Select(InstanceDeviceItem.Of)],
            },
            "disableApiTermination" => new() { InstanceId = id, DisableApiTermination = Is(row.DisableApiTermination) },
            "disableApiStop" => new() { InstanceId = id, DisableApiStop = Is(row.DisableApiStop) },
            "enaSupport" => new() { InstanceId = id, EnaSupport = Is(row.Platform.EnaSupport) },
            "ebsOptimized" => new() { InstanceId = id, EbsOptimized = Is(row.EbsOptimized) },
            "sourceDestCheck" => new() { InstanceId = id, SourceDestCheck = Is(row.Interface?.SourceDestCheck) },
            "instanceInitiatedShutdownBehavior" => new()
            {
                InstanceId = id, InstanceInitiatedShutdownBehavior = Is(row.ShutdownBehavior),
            },
            "instanceType" => new() { InstanceId = id, InstanceType = Is(row.InstanceType) },
            "kernel" => new() { InstanceId = id, KernelId = Is(row.Platform.KernelId) },
            "ramdisk" => new() { InstanceId = id, RamdiskId = Is(row.Platform.RamdiskId) },
            "rootDeviceName" => new() { InstanceId = id, RootDeviceName = Is(row.RootDeviceName) },
            "sriovNetSupport" => new() { InstanceId = id, SriovNetSupport = Is(row.Platform.SriovNetSupport) },
            "userData" => new() { InstanceId = id, UserData = Is(row.UserData) },
            "groupSet" => new()
            {
                InstanceId = id,
                Groups = [.. (row.Interface?.Groups ?? []).Select(g => new GroupIdentifier(g.GroupId, g.GroupName))],
            },
            _ => throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.Attribute), "attribute", "It is no attribute of instances that Kiln has."),
        };
    }

    private static AttributeBooleanValue Is(bool? value) => new() { Value = value };

    private static AttributeValue Is(string? value) => new() { Value = value };
}
