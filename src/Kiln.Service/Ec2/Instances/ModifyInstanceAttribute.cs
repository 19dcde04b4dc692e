using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Changes one attribute of an instance.</summary>
[Operation("ec2:ModifyInstanceAttribute")]
public sealed class ModifyInstanceAttribute(Db db, TimeProvider clock)
    : IOperation<ModifyInstanceAttribute.Request, ModifyInstanceAttribute.Response>
{
    [Unsupported("a machine keeps the kernel of its launch", "Kernel", "Ramdisk")]
    public sealed record Request
    {
        public required string InstanceId { get; init; }

        /// <summary>The older form: the attribute's name, its value in the next.</summary>
        public string? Attribute { get; init; }

        public string? Value { get; init; }
        public AttributeBooleanValue? SourceDestCheck { get; init; }
        public AttributeBooleanValue? DisableApiStop { get; init; }
        public AttributeBooleanValue? DisableApiTermination { get; init; }
        public AttributeBooleanValue? EbsOptimized { get; init; }
        public AttributeBooleanValue? EnaSupport { get; init; }
        public AttributeValue? SriovNetSupport { get; init; }
        public AttributeValue? InstanceType { get; init; }
        public AttributeValue? InstanceInitiatedShutdownBehavior { get; init; }
        public BlobAttribute? UserData { get; init; }
        [Wire("GroupId"), MaxLength(16)] public IReadOnlyList<string> Groups { get; init; } = [];

        [Wire("BlockDeviceMapping"), MaxLength(100)]
        public IReadOnlyList<Mapping> BlockDeviceMappings { get; init; } = [];

        public bool? DryRun { get; init; }
    }

    /// <summary>A value of bytes.</summary>
    public sealed record BlobAttribute
    {
        public ReadOnlyMemory<byte>? Value { get; init; }
    }

    /// <summary>An attachment to change.</summary>
    [Unsupported("only DeleteOnTermination of an attached volume can be changed", "VirtualName", "NoDevice")]
    public sealed record Mapping
    {
        public string? DeviceName { get; init; }
        public Volume? Ebs { get; init; }
    }

    /// <summary>The volume of it.</summary>
    public sealed record Volume
    {
        public string? VolumeId { get; init; }
        public bool? DeleteOnTermination { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var row = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        var change = InstanceChange.Of(request);
        await call.Authorize(InstanceAccess.ArnOf(call, row.Id));
        if (row.State is InstanceState.Terminated or InstanceState.ShuttingDown)
            throw Ec2Error.IncorrectInstanceState(row.Id, row.State.Text(), "modified");
        await Apply(row, change, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    private async Task Apply(Instance row, InstanceChange change, CancellationToken cancel)
    {
        switch (change.Name)
        {
            case "sourceDestCheck": row.Interface!.SourceDestCheck = change.Bool(); break;
            case "disableApiStop": row.DisableApiStop = change.Bool(); break;
            case "disableApiTermination": row.DisableApiTermination = change.Bool(); break;
            case "ebsOptimized": Stopped(row, change).EbsOptimized = change.Bool(); break;
            case "enaSupport":
                Stopped(row, change).Platform = row.Platform with { EnaSupport = change.Bool() };
                break;
            case "sriovNetSupport":
                Stopped(row, change).Platform = row.Platform with { SriovNetSupport = change.OneOf("simple") };
                break;
            case "instanceType": ChangeType(Stopped(row, change), change.Text); break;
            case "instanceInitiatedShutdownBehavior":
                row.ShutdownBehavior = row.RootDeviceType == "ebs"
                    ? change.OneOf("stop", "terminate")
                    : throw Ec2Error.UnsupportedOperation(
                        "The attribute instanceInitiatedShutdownBehavior can only be used for EBS-backed instances.");
                break;
            case "userData": Stopped(row, change).UserData = LaunchRules.UserData(change.Text); break;
            case "groupSet": await ChangeGroups(row, change.Groups, cancel); break;
            case "blockDeviceMapping": await ChangeDevices(row, change.Devices, cancel); break;
            default:
                throw Ec2Error.InvalidParameterValue(
                    Ec2Error.Short(change.Name), "attribute", "It cannot be modified.");
        }
    }

    private static Instance Stopped(Instance row, InstanceChange change) => row.State == InstanceState.Stopped
        ? row
        : throw new AwsException("IncorrectInstanceState", 400,
            $"The instance '{row.Id}' is not in the 'stopped' state, which a change of '{change.Name}' needs.");

    private static void ChangeType(Instance row, string name)
    {
        var type = InstanceTypeCatalog.Of(name);
        LaunchRules.Check(row.Platform, row.RootDeviceType, type);
        row.InstanceType = type.Name;
    }

    private async Task ChangeGroups(Instance row, IReadOnlyList<string> ids, CancellationToken cancel)
    {
        foreach (var id in ids)
            FoundGroup.CheckId(id);
        if (ids.Count > SecurityGroup.PerInterfaceMax)
            throw Ec2Error.NetworkLimitExceeded("SecurityGroupsPerInterfaceLimitExceeded",
                "security groups per interface", SecurityGroup.PerInterfaceMax);
        var found = await db.SecurityGroups.AsNoTracking()
            .Where(g => g.VpcId == row.VpcId && ids.Contains(g.Id)).ToListAsync(cancel);
        if (ids.FirstOrDefault(id => found.TrueForAll(g => g.Id != id)) is { } absent)
            throw Ec2Error.InvalidGroupNotFound(absent);
        var card = row.Interface!;
        foreach (var gone in card.Groups.Where(g => !ids.Contains(g.GroupId)).ToList())
        {
            card.Groups.Remove(gone);
            db.Remove(gone);
        }
        foreach (var group in found.Where(g => card.Groups.TrueForAll(c => c.GroupId != g.Id)))
            card.Groups.Add(new InterfaceGroup { InterfaceId = card.Id, GroupId = group.Id, GroupName = group.Name });
    }

    private async Task ChangeDevices(Instance row, IReadOnlyList<Mapping> devices, CancellationToken cancel)
    {
        var attached = await db.VolumeAttachments.Where(a => a.InstanceId == row.Id).ToListAsync(cancel);
        foreach (var device in devices)
        {
            var name = device.DeviceName ?? throw Ec2Error.MissingParameter("BlockDeviceMapping.DeviceName");
            var attachment = attached.Find(a => a.Device == name)
                ?? throw new AwsException("InvalidInstanceAttributeValue", 400,
                    $"No device is currently mapped at {Ec2Error.Short(name)}");
            if (device.Ebs?.VolumeId is { } volume && volume != attachment.VolumeId)
                throw Ec2Error.InvalidParameterValue(
                    $"The volume at {name} is {attachment.VolumeId}, not {Ec2Error.Short(volume)}.");
            attachment.DeleteOnTermination = device.Ebs?.DeleteOnTermination
                ?? throw Ec2Error.MissingParameter("BlockDeviceMapping.Ebs.DeleteOnTermination");
        }
    }
}
