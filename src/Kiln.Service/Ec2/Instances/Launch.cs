using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Iam;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Everything that a launch has found and checked, before it makes anything.</summary>
public sealed record Launch
{
    /// <summary>The request.</summary>
    public required RunInstancesRequest Request { get; init; }

    /// <summary>The image, tracked.</summary>
    public required Image Image { get; init; }

    /// <summary>The instance type.</summary>
    public required InstanceType Type { get; init; }

    /// <summary>The mapping in force.</summary>
    public required IReadOnlyList<MergedDevice> Devices { get; init; }

    /// <summary>The snapshots behind it, by id.</summary>
    public required IReadOnlyDictionary<string, Snapshot> Snapshots { get; init; }

    /// <summary>Where the instances go.</summary>
    public required LaunchNetwork Network { get; init; }

    /// <summary>The instance profile, or null.</summary>
    public InstanceProfile? Profile { get; init; }

    /// <summary>The key pair's public half, or null.</summary>
    public string? PublicKey { get; init; }

    /// <summary>User data in base64, or null.</summary>
    public string? UserData { get; init; }

    /// <summary>How the metadata service answers.</summary>
    public required MetadataOptions MetadataOptions { get; init; }

    /// <summary>The devices that are volumes.</summary>
    public IEnumerable<MergedDevice> VolumeDevices => Devices.Where(d => d.VirtualName is null);

    /// <summary>The volume that a device asks for.</summary>
    public NewVolume Wish(MergedDevice device) => new()
    {
        AvailabilityZone = Network.Subnet.AvailabilityZone,
        Source = device.SnapshotId is { } id ? Snapshots[id] : null,
        SizeGiB = device.SizeGiB,
        VolumeType = device.VolumeType,
        Iops = device.Iops,
        Throughput = device.Throughput,
        InitializationRate = device.InitializationRate,
        Encrypted = device.Encrypted,
        KmsKeyId = device.KmsKeyId,
        Platform = device.DeviceName == Image.RootDeviceName ? Platform : null,
    };

    /// <summary>Checks all volumes, also in a rehearsal, before anything is made.</summary>
    /// <exception cref="AwsException">AttachmentLimitExceeded, and as <see cref="NewVolumes.Check"/>.</exception>
    public void CheckVolumes()
    {
        foreach (var device in VolumeDevices)
            NewVolumes.Check(Wish(device));
        if (VolumeDevices.Count() > AttachVolume.PerInstanceMax)
            throw Ec2Error.AttachmentLimitExceeded(VolumeDevices.Count(), AttachVolume.PerInstanceMax);
    }

    private ImagePlatform Platform => Image.Platform with
    {
        KernelId = Request.KernelId ?? Image.Platform.KernelId,
        RamdiskId = Request.RamdiskId ?? Image.Platform.RamdiskId,
    };

    /// <summary>What the caller must be allowed to launch with: EC2's resources of RunInstances.</summary>
    public IReadOnlyList<string> Resources(Call call) =>
    [
        Arn.Image(call.Region, Image.Id),
        InstanceAccess.ArnOf(call, "*"),
        Arn.Ec2(call.Region, call.AccountId, "volume", "*"),
        Arn.Ec2(call.Region, call.AccountId, "network-interface", "*"),
        Arn.Ec2(call.Region, call.AccountId, "subnet", Network.Subnet.Id),
        .. Network.Groups.Select(g => g.Arn),
        .. Devices.Where(d => d is { SnapshotId: not null, SnapshotOfImage: false })
            .Select(d => Arn.Snapshot(call.Region, d.SnapshotId!)),
        .. Request.KeyName is { } key ? [KeyPairs.KeyPairItem.Arn(call, key)] : Array.Empty<string>(),
    ];

    /// <summary>The row of one instance of the launch.</summary>
    public Instance Row(string reservationId, int index, string nodeId, Call call, DateTimeOffset now)
    {
        var instance = new Instance
        {
            Id = Ids.New("i"),
            Region = call.Region,
            AccountId = call.AccountId,
            NodeId = nodeId,
            ReservationId = reservationId,
            LaunchIndex = index,
            ImageId = Image.Id,
            InstanceType = Type.Name,
            LaunchTime = now,
            CreatedAt = now,
            Platform = Platform,
            RootDeviceType = Image.RootDeviceType,
            RootDeviceName = Image.RootDeviceName,
            EphemeralDevices = [.. Devices.Where(d => d.VirtualName is not null).Select(
                d => new ImageDevice { DeviceName = d.DeviceName, VirtualName = d.VirtualName })],
            KeyName = Request.KeyName,
            PublicKey = PublicKey,
            AvailabilityZone = Network.Subnet.AvailabilityZone,
            VpcId = Network.Subnet.VpcId,
            SubnetId = Network.Subnet.Id,
            NetworkInterfaceId = Ids.New("eni"),
            MacAddress = LaunchNetwork.NewMac(),
            PrivateIpAddress = Network.NextPrivate(),
            AssociatePublicIpAddress = Network.IsPublic,
            UserData = UserData,
            ShutdownBehavior = Request.InstanceInitiatedShutdownBehavior
                ?? (Image.RootDeviceType == "ebs" ? "stop" : "terminate"),
            DisableApiTermination = Request.DisableApiTermination == true,
            DisableApiStop = Request.DisableApiStop == true,
            EbsOptimized = Request.EbsOptimized ?? Type.EbsOptimized == "default",
            Monitoring = Request.Monitoring?.Enabled == true,
            MetadataOptions = MetadataOptions,
            ClientToken = Request.ClientToken ?? "",
        };
        instance.Begin(now);
        instance.Associate(Profile, now);
        return instance;
    }
}
